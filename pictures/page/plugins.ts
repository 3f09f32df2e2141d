/** The panels of a dashboard by type, each with the options that Grafana's panel of this type registers. */

import { FieldColorModeId, FieldConfigProperty, type PanelPlugin, PanelPlugin as Plugin, type PanelPluginMeta, PluginType } from '@grafana/data';

import { SERIES_FIELD_OPTIONS, TimeSeriesPanel } from './panels/series.tsx';
import { TABLE_FIELD_OPTIONS, TablePanel } from './panels/table.tsx';
import { TIMELINE_FIELD_OPTIONS, TimelinePanel } from './panels/timeline.tsx';
import { BarGaugePanel, GaugePanel, StatPanel } from './panels/values.tsx';
import { ownOptions } from './standard.ts';

type Component = ConstructorParameters<typeof Plugin>[0];

interface Kind {
  component: unknown;
  fieldOptions?: string[];
  /** How values are coloured when a panel doesn't say it. */
  color?: FieldColorModeId;
}

const KINDS: Record<string, Kind> = {
  stat: { component: StatPanel },
  gauge: { component: GaugePanel },
  bargauge: { component: BarGaugePanel },
  timeseries: {
    component: TimeSeriesPanel,
    fieldOptions: SERIES_FIELD_OPTIONS,
    color: FieldColorModeId.PaletteClassic,
  },
  table: { component: TablePanel, fieldOptions: TABLE_FIELD_OPTIONS },
  'state-timeline': {
    component: TimelinePanel,
    fieldOptions: TIMELINE_FIELD_OPTIONS,
    color: FieldColorModeId.ContinuousGrYlRd,
  },
};

/** What is drawn by other means than a component published for it, and how that is said. */
export const NEAREST_MEANS: Record<string, string> = {
  gauge: 'gauges by our own drawing',
  'state-timeline': 'state timelines by our own drawing on its chart',
};

const plugins = new Map<string, PanelPlugin>();

export function panelPlugin(id: string): PanelPlugin {
  const kind = KINDS[id];
  if (!kind) {
    throw new Error(`there is no panel of type ${id} here`);
  }
  if (!plugins.has(id)) {
    plugins.set(id, pluginOf(id, kind));
  }
  return plugins.get(id)!;
}

function pluginOf(id: string, { component, fieldOptions = [], color }: Kind): PanelPlugin {
  const plugin = new Plugin(component as Component).useFieldConfig({
    useCustomConfig: ownOptions(fieldOptions),
    standardOptions: color && { [FieldConfigProperty.Color]: { defaultValue: { mode: color } } },
  });
  plugin.setDataSupport({ annotations: true, alertStates: true });
  plugin.meta = metaOf(id);
  return plugin as PanelPlugin;
}

function metaOf(id: string): PanelPluginMeta {
  const logos = { large: '', small: '' };
  const info = { author: { name: '' }, description: '', links: [], logos, screenshots: [], updated: '', version: '' };
  return { id, name: id, sort: 0, type: PluginType.panel, module: '', baseUrl: '', info } as PanelPluginMeta;
}
