/** Prometheus' answers as data frames, shaped as Grafana's data source for Prometheus shapes them. */

import { createDataFrame, type DataFrame, type Field, FieldType, type Labels } from '@grafana/data';

import type { Target } from './drawing.ts';

/** One series of an answer: samples are [Unix time in seconds, value as text]. */
export interface Series {
  metric: Labels;
  values: [number, string][];
}

interface Result {
  resultType: string;
  result: unknown;
}

/** The series of an answer of /api/v1/query or query_range. */
export function seriesOf({ resultType, result }: Result): Series[] {
  switch (resultType) {
    case 'matrix':
      return result as Series[];
    case 'vector':
      return (result as { metric: Labels; value: [number, string] }[]).map(({ metric, value }) => ({
        metric,
        values: [value],
      }));
    case 'scalar':
      return [{ metric: {}, values: [result as [number, string]] }];
    default:
      throw new Error(`an answer of type ${resultType} can't be drawn`);
  }
}

/** A frame for each series; `interval` (ms) is the step of a range query, a longer distance of two samples a gap. */
export function timeSeriesFrames(target: Target, series: Series[], interval?: number): DataFrame[] {
  return series.map(({ metric, values }) => {
    const name = legendOf(target, metric);
    const value: Field = {
      name: 'Value',
      type: FieldType.number,
      config: name ? { displayNameFromDS: name } : {},
      labels: withoutName(metric),
      values: values.map(numberOf),
    };
    return createDataFrame({ refId: target.refId, name, fields: [timeField(values, interval), value] });
  });
}

/** One frame for all series: the time, a column for each label, the value. */
export function tableFrame(target: Target, series: Series[], valueName: string): DataFrame {
  const rows = series.flatMap(({ metric, values }) => values.map((sample) => ({ metric, sample })));
  rows.sort((one, other) => one.sample[0] - other.sample[0]);
  const names = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const labels = names.map((name) => ({
    name,
    type: FieldType.string,
    config: { filterable: true },
    values: rows.map(({ metric }) => metric[name] ?? ''),
  }));
  const samples = rows.map(({ sample }) => sample);
  const value = { name: valueName, type: FieldType.number, config: {}, values: samples.map(numberOf) };
  return createDataFrame({
    refId: target.refId,
    meta: { preferredVisualisationType: 'rawPrometheus' },
    fields: [timeField(samples), ...labels, value],
  });
}

function timeField(samples: [number, string][], interval?: number): Field {
  const config = interval ? { interval } : {};
  return { name: 'Time', type: FieldType.time, config, values: samples.map(([time]) => Math.round(time * 1000)) };
}

function numberOf([, text]: [number, string]): number {
  switch (text) {
    case '+Inf':
      return Infinity;
    case '-Inf':
      return -Infinity;
    default:
      return Number(text);
  }
}

function legendOf({ expr, legendFormat }: Target, metric: Labels): string {
  const labels = Object.entries(withoutName(metric)).map(([name, value]) => `${name}="${value}"`);
  if (legendFormat === '__auto' && labels.length) {
    return '';
  }
  if (legendFormat && legendFormat !== '__auto') {
    return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => metric[label] ?? '');
  }
  const name = `${metric.__name__ ?? ''}{${labels.join(', ')}}`;
  return name === '{}' ? (expr ?? name) : name;
}

function withoutName(metric: Labels): Labels {
  return Object.fromEntries(Object.entries(metric).filter(([name]) => name !== '__name__'));
}
