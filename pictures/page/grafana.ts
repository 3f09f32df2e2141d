/** The services that Grafana's packages expect around them, as far as dashboards need them. */

import {
  type DataQueryRequest,
  type DataSourceApi,
  type DataSourceInstanceSettings,
  EventBusSrv,
  LoadingState,
  type PanelData,
  rangeUtil,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import {
  config,
  type DataSourceSrv,
  setAppEvents,
  setDataSourceSrv,
  setPluginImportUtils,
  setRunRequest,
} from '@grafana/runtime';
import { catchError, from, map, type Observable, of } from 'rxjs';

import { panelPlugin } from './plugins.ts';
import { Prometheus, type Query } from './prometheus.ts';
import { fillRegistries } from './standard.ts';

const UID = 'prometheus'; // as in grafana/provisioning

/** Prepare everything; returns the data source, which remembers what was asked. */
export async function startGrafana(url: string, scrapeInterval: string): Promise<Prometheus> {
  const settings = settingsOf('Prometheus', UID);
  const source = new Prometheus(settings, {
    url,
    scrapeInterval: rangeUtil.intervalToSeconds(scrapeInterval),
    utcOffset: -60 * new Date().getTimezoneOffset(),
  });
  await initPluginTranslations('pictures');
  fillRegistries();
  config.datasources = { [settings.name]: settings };
  setAppEvents(new EventBusSrv());
  setDataSourceSrv(sourceService(source, settings));
  setPluginImportUtils({
    importPanelPlugin: async (id) => panelPlugin(id),
    getPanelPluginFromCache: panelPlugin,
  });
  setRunRequest((asked, request) => answers(asked as DataSourceApi<Query>, request as DataQueryRequest<Query>));
  return source;
}

function settingsOf(name: string, uid: string): DataSourceInstanceSettings {
  const meta = { id: 'prometheus', name, type: 'datasource', info: { logos: { small: '', large: '' } } };
  const rest = { readOnly: true, jsonData: {}, access: 'proxy', isDefault: true };
  return { id: 1, uid, name, type: 'prometheus', meta, ...rest } as unknown as DataSourceInstanceSettings;
}

function sourceService(source: Prometheus, settings: DataSourceInstanceSettings): DataSourceSrv {
  const service = {
    get: async () => source,
    getList: () => [settings],
    getInstanceSettings: () => settings,
    reload: () => {},
    registerRuntimeDataSource: () => {},
  };
  return service as unknown as DataSourceSrv;
}

/** The states of one request: loading, then done or failed. */
function answers(source: DataSourceApi<Query>, request: DataQueryRequest<Query>): Observable<PanelData> {
  const common = { request, timeRange: request.range };
  return from(source.query(request)).pipe(
    map(({ data }): PanelData => ({ ...common, state: LoadingState.Done, series: data })),
    catchError((error: Error) => {
      const errors = [{ message: error.message }];
      return of<PanelData>({ ...common, state: LoadingState.Error, series: [], errors });
    })
  );
}
