/** The state timeline, whose component isn't published: drawn on the published chart, with its axis and legend. */

import {
  cacheFieldDisplayNames,
  type DataFrame,
  type Field,
  FieldColorModeId,
  FieldType,
  getFieldDisplayName,
  type GrafanaTheme2,
  MappingType,
  outerJoinDataFrames,
  type PanelProps,
} from '@grafana/data';
import { AxisPlacement, LegendDisplayMode, ScaleDirection, ScaleOrientation, type VizLegendOptions } from '@grafana/schema';
import { UPLOT_AXIS_FONT_SIZE, UPlotChart, UPlotConfigBuilder, useTheme2, VizLayout, VizLegend, type VizLegendItem } from '@grafana/ui';
import { useMemo } from 'react';
import type uPlot from 'uplot';

import { NoData } from './nodata.tsx';

interface Options {
  rowHeight?: number;
  mergeValues?: boolean;
  legend?: VizLegendOptions;
  perPage?: number;
}

/** What Grafana's state timeline registers as options of a field. */
export const TIMELINE_FIELD_OPTIONS = [
  'axisBorderShow',
  'axisGridShow',
  'axisLabel',
  'axisPlacement',
  'axisWidth',
  'fillOpacity',
  'hideFrom',
  'insertNulls',
  'lineWidth',
  'spanNulls',
];

export function TimelinePanel({ data, options, width, height, timeRange, timeZone, fieldConfig }: PanelProps<Options>) {
  const theme = useTheme2();
  const frame = useMemo(() => aligned(data.series), [data.series]);
  const rows = (frame?.fields.slice(1) ?? []).slice(0, options.perPage || undefined);
  const config = useMemo(
    () => chart(rows, options, theme, timeZone, [timeRange.from.valueOf(), timeRange.to.valueOf()]),
    [frame, options, theme, timeZone, timeRange]
  );
  if (!frame || !rows.length) {
    return <NoData text={fieldConfig.defaults.noValue} />;
  }
  const columns = [frame.fields[0].values, ...rows.map(({ values }) => values)] as uPlot.AlignedData;
  return (
    <VizLayout width={width} height={height} legend={legendOf(rows, options.legend)}>
      {(chartWidth: number, chartHeight: number) => (
        <UPlotChart config={config} data={columns} width={chartWidth} height={chartHeight} />
      )}
    </VizLayout>
  );
}

function aligned(frames: DataFrame[]): DataFrame | undefined {
  cacheFieldDisplayNames(frames);
  const joined = outerJoinDataFrames({ frames, keepDisplayNames: true });
  return joined && { ...joined, fields: [joined.fields[0], ...joined.fields.slice(1).filter(isShown)] };
}

const isShown = (field: Field) => field.type !== FieldType.time && !field.config.custom?.hideFrom?.viz;

function chart(rows: Field[], options: Options, theme: GrafanaTheme2, timeZone: string, range: [number, number]) {
  const builder = new UPlotConfigBuilder(timeZone);
  const [horizontal, vertical] = [ScaleOrientation.Horizontal, ScaleOrientation.Vertical];
  builder.addScale({ scaleKey: 'x', isTime: true, orientation: horizontal, direction: ScaleDirection.Right, range });
  builder.addScale({ scaleKey: 'y', orientation: vertical, direction: ScaleDirection.Down, range: [0, rows.length] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme, grid: { show: true } });
  builder.addAxis({
    scaleKey: 'y',
    placement: AxisPlacement.Left,
    theme,
    grid: { show: false },
    ticks: { show: false },
    splits: rows.map((_, row) => row + 0.5),
    values: rows.map((field) => getFieldDisplayName(field)),
    size: axisWidth(rows, theme),
  });
  for (const _ of rows) {
    builder.addSeries({ scaleKey: 'y', pathBuilder: () => null, pointsBuilder: () => false, theme, show: true });
  }
  builder.addHook('draw', (plot) => rows.forEach((field, row) => paintRow(plot, field, row, options, range[1])));
  builder.setPrepData(([frame]) => frame.fields.map(({ values }) => values) as uPlot.AlignedData);
  return builder;
}

/** Wide enough for the longest name, at most what Grafana grants it. */
function axisWidth(rows: Field[], theme: GrafanaTheme2): number {
  const context = document.createElement('canvas').getContext('2d')!;
  context.font = `${UPLOT_AXIS_FONT_SIZE}px ${theme.typography.fontFamily}`;
  const widths = rows.map((field) => context.measureText(getFieldDisplayName(field)).width);
  return Math.min(Math.ceil(Math.max(...widths)) + 20, 300);
}

interface State {
  value: unknown;
  from: number;
  to: number;
}

/** Each value lasts until the next one; without a value there is a gap. */
function states(times: number[], { values }: Field, merge: boolean, end: number): State[] {
  const found: State[] = [];
  times.forEach((time, index) => {
    const value = values[index];
    const last = found.at(-1);
    if (value === undefined) {
      return;
    }
    if (last && last.to > time) {
      last.to = time;
    }
    if (last && merge && last.value === value) {
      last.to = end;
    } else {
      found.push({ value, from: time, to: end });
    }
  });
  return found.filter(({ value }) => value !== null);
}

function paintRow(plot: uPlot, field: Field, row: number, options: Options, end: number): void {
  const { ctx, bbox } = plot;
  const height = (bbox.height / plot.scales.y.max!) * (options.rowHeight ?? 0.9);
  const middle = plot.valToPos(row + 0.5, 'y', true);
  ctx.save();
  ctx.globalAlpha = (field.config.custom?.fillOpacity ?? 70) / 100;
  for (const { value, from, to } of states(plot.data[0] as number[], field, options.mergeValues ?? true, end)) {
    const [left, right] = [from, to].map((time) => clamp(plot.valToPos(time, 'x', true), bbox));
    ctx.fillStyle = field.display!(value).color ?? 'gray';
    ctx.fillRect(left, middle - height / 2, right - left, height);
  }
  ctx.restore();
}

const clamp = (x: number, { left, width }: uPlot.BBox) => Math.min(Math.max(x, left), left + width);

/** The legend holds each state that is mapped to a text. */
function legendOf(rows: Field[], legend?: VizLegendOptions) {
  if (!legend?.showLegend) {
    return null;
  }
  return (
    <VizLayout.Legend placement={legend.placement}>
      <VizLegend items={legendItems(rows)} displayMode={LegendDisplayMode.List} placement={legend.placement} readonly />
    </VizLayout.Legend>
  );
}

function legendItems(rows: Field[]): VizLegendItem[] {
  const items = new Map<string, VizLegendItem>();
  for (const field of rows) {
    const mapped = field.config.color?.mode !== FieldColorModeId.Thresholds || field.config.mappings?.some(isValueMapping);
    for (const value of mapped ? new Set(field.values) : []) {
      const { text, color } = field.display!(value);
      if (value !== null && value !== undefined) {
        items.set(text, { label: text, color, yAxis: 1 });
      }
    }
  }
  return [...items.values()];
}

const isValueMapping = ({ type }: { type: MappingType }) => type === MappingType.ValueToText;
