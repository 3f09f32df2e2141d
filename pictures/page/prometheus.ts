/** The data source: asks Prometheus what Grafana's data source would ask, with the same times, steps and shapes. */

import {
  type AnnotationEvent,
  type AnnotationQuery,
  type DataFrame,
  type DataQuery,
  type DataQueryRequest,
  type DataQueryResponse,
  DataSourceApi,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  rangeUtil,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { SceneObjectBase, sceneGraph } from '@grafana/scenes';
import { from, type Observable, of } from 'rxjs';

import type { Annotation, Target } from './drawing.ts';
import { type Series, seriesOf, tableFrame, timeSeriesFrames } from './frames.ts';
import { interpolatePromql } from './interpolation.ts';

const MOST_POINTS = 11_000; // Prometheus refuses a range query with more

export type Query = DataQuery & Target;

interface Options {
  url: string;
  /** Seconds between two scrapes, the data source's setting. */
  scrapeInterval: number;
  /** The reader's offset from UTC, in seconds. */
  utcOffset: number;
}

/** When a range query asks, in seconds. */
export interface Steps {
  start: number;
  end: number;
  step: number;
}

export interface Asked {
  path: string;
  query: string;
  milliseconds: number;
}

export class Prometheus extends DataSourceApi<Query> {
  /** Every question asked, for those who look. */
  readonly asked: Asked[] = [];
  annotations = {
    prepareAnnotation: (annotation: AnnotationQuery<Query>) => annotation,
    prepareQuery: (annotation: AnnotationQuery<Query>) => annotationTarget(annotation as unknown as Annotation),
    processEvents: (annotation: AnnotationQuery<Query>, frames: DataFrame[]) =>
      of(annotationEvents(annotation as unknown as Annotation, frames)),
  };

  constructor(
    settings: DataSourceInstanceSettings,
    private readonly options: Options
  ) {
    super(settings);
  }

  query(request: DataQueryRequest<Query>): Observable<DataQueryResponse> {
    return from(this.answer(request));
  }

  async testDatasource() {
    return { status: 'success', message: '' };
  }

  /** The values that a query variable offers. */
  async metricFindQuery(
    query: { query: string } | string,
    { scopedVars, range }: { scopedVars: ScopedVars; range: TimeRange }
  ): Promise<MetricFindValue[]> {
    const text = this.interpolated(typeof query === 'string' ? query : query.query, scopedVars);
    const match = /^label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\)$/s.exec(text.trim());
    if (!match) {
      throw new Error(`not understood as a variable's query: ${text}`);
    }
    const [, selector, label] = match;
    const parameters = new URLSearchParams({ start: String(range.from.unix()), end: String(range.to.unix()) });
    if (selector) {
      parameters.set('match[]', selector);
    }
    const values = await this.ask<string[]>(`label/${label}/values`, parameters, true);
    return values.map((value) => ({ text: value, value }));
  }

  private async answer(request: DataQueryRequest<Query>): Promise<DataQueryResponse> {
    const targets = request.targets.filter(({ expr, hide }) => expr && !hide);
    const tables = targets.filter(({ format }) => format === 'table').length;
    const answers = await Promise.all(targets.map((target) => this.answerTo(target, request, tables)));
    return { data: answers.flat() };
  }

  private async answerTo(target: Query, request: DataQueryRequest<Query>, tables: number): Promise<DataFrame[]> {
    const steps = stepsOf(target, request, this.options);
    const query = this.interpolated(target.expr ?? '', withSteps(request.scopedVars, steps, request, this.options));
    const interval = target.range ? steps.step * 1000 : undefined;
    const series = await (target.range ? this.overRange(query, steps) : this.atOnce(query, request.range));
    return target.format === 'table'
      ? [tableFrame(target, series, tables > 1 ? `Value #${target.refId}` : 'Value')]
      : timeSeriesFrames(target, series, interval);
  }

  private async overRange(query: string, { start, end, step }: Steps): Promise<Series[]> {
    const times = { start: String(start), end: String(end), step: String(step) };
    return seriesOf(await this.ask('query_range', new URLSearchParams({ query, ...times })));
  }

  private async atOnce(query: string, range: TimeRange): Promise<Series[]> {
    const time = String(range.to.valueOf() / 1000);
    return seriesOf(await this.ask('query', new URLSearchParams({ query, time })));
  }

  private interpolated(text: string, scopedVars: ScopedVars): string {
    const scene = scopedVars.__sceneObject?.value?.valueOf();
    if (!(scene instanceof SceneObjectBase)) {
      throw new Error('a query outside of a dashboard');
    }
    return sceneGraph.interpolate(scene, text, scopedVars, interpolatePromql);
  }

  private async ask<T>(path: string, parameters: URLSearchParams, get = false): Promise<T> {
    const began = performance.now();
    const url = `${this.options.url}/api/v1/${path}`;
    const response = get ? await fetch(`${url}?${parameters}`) : await fetch(url, { method: 'POST', body: parameters });
    const answer = await response.json();
    const milliseconds = performance.now() - began;
    this.asked.push({ path, query: parameters.get('query') ?? parameters.toString(), milliseconds });
    if (answer.status !== 'success') {
      throw new Error(`${answer.errorType}: ${answer.error}`);
    }
    return answer.data as T;
  }
}

/** The step is the panel's interval, longer where there would be too many points; start and end are multiples of it. */
function stepsOf(target: Query, { range, intervalMs, maxDataPoints }: DataQueryRequest, options: Options): Steps {
  const [from, to] = [range.from.valueOf() / 1000, range.to.valueOf() / 1000];
  const least = target.interval ? rangeUtil.intervalToSeconds(target.interval) : intervalMs / 1000;
  const fitting = rangeUtil.calculateInterval(range, maxDataPoints ?? 100, `${least * 1000}ms`).intervalMs / 1000;
  const step = Math.max(fitting, Math.ceil((to - from) / MOST_POINTS), 1);
  const aligned = (time: number) =>
    Math.floor((time + options.utcOffset) / step) * step - options.utcOffset;
  return { start: aligned(from), end: aligned(to), step };
}

/** The built-in variables that depend on the step and on the range. */
function withSteps(scoped: ScopedVars, { step }: Steps, { range }: DataQueryRequest, options: Options): ScopedVars {
  const seconds = Math.round((range.to.valueOf() - range.from.valueOf()) / 1000);
  const rate = Math.max(step + options.scrapeInterval, 4 * options.scrapeInterval);
  const values = {
    __interval: rangeUtil.secondsToHms(step),
    __interval_ms: step * 1000,
    __range: `${seconds}s`,
    __range_s: seconds,
    __range_ms: seconds * 1000,
    __rate_interval: rangeUtil.secondsToHms(rate),
  };
  const variables = Object.entries(values).map(([name, value]) => [name, { text: value, value }]);
  return { ...scoped, ...Object.fromEntries(variables) };
}

function annotationTarget({ expr, step, titleFormat }: Annotation): Query {
  return { refId: 'Anno', expr, range: true, interval: step || '60s', legendFormat: titleFormat };
}

/** Neighbouring samples above zero are one region. */
function annotationEvents({ step }: Annotation, frames: DataFrame[]): AnnotationEvent[] {
  const distance = 1000 * rangeUtil.intervalToSeconds(step || '60s');
  return frames.flatMap((frame) => regionsOf(frame, distance));
}

function regionsOf(frame: DataFrame, distance: number): AnnotationEvent[] {
  const [times, values] = frame.fields.map((field) => field.values as number[]);
  const regions: (AnnotationEvent & { timeEnd: number })[] = [];
  for (const time of times.filter((_, index) => values[index] > 0)) {
    const last = regions.at(-1);
    if (last && time - last.timeEnd <= distance) {
      last.timeEnd = time;
    } else {
      regions.push({ time, timeEnd: time, isRegion: true, title: frame.name });
    }
  }
  return regions;
}
