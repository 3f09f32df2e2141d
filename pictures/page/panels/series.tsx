import { cacheFieldDisplayNames, type DataFrame, type GrafanaTheme2, type PanelProps } from '@grafana/data';
import type { VizLegendOptions } from '@grafana/schema';
import { TimeSeries, type UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import { useLayoutEffect } from 'react';
import type uPlot from 'uplot';

import { NoData } from './nodata.tsx';

interface Options {
  legend: VizLegendOptions;
}

/** What Grafana's time series panel registers as options of a field. */
export const SERIES_FIELD_OPTIONS = [
  'axisBorderShow',
  'axisCenteredZero',
  'axisColorMode',
  'axisGridShow',
  'axisLabel',
  'axisPlacement',
  'axisSoftMax',
  'axisSoftMin',
  'axisWidth',
  'barAlignment',
  'barWidthFactor',
  'drawStyle',
  'fillBelowTo',
  'fillOpacity',
  'gradientMode',
  'hideFrom',
  'insertNulls',
  'lineInterpolation',
  'lineStyle',
  'lineWidth',
  'pointSize',
  'scaleDistribution',
  'showPoints',
  'showValues',
  'spanNulls',
  'stacking',
  'thresholdsStyle',
  'transform',
];

export function TimeSeriesPanel(props: PanelProps<Options>) {
  const { data, options, width, height, timeRange, timeZone, fieldConfig } = props;
  if (!data.series.some(({ length }) => length)) {
    return <NoData text={fieldConfig.defaults.noValue} />;
  }
  cacheFieldDisplayNames(data.series);
  return (
    <TimeSeries
      frames={data.series}
      structureRev={data.structureRev}
      timeRange={timeRange}
      timeZone={timeZone}
      width={width}
      height={height}
      legend={options.legend}
      options={options}
    >
      {(config) => <Annotations config={config} frames={data.annotations ?? []} />}
    </TimeSeries>
  );
}

/** Grafana's own drawing of annotations isn't published; this one marks them alike: a dashed line where one begins. */
function Annotations({ config, frames }: { config: UPlotConfigBuilder; frames: DataFrame[] }) {
  const theme = useTheme2();
  useLayoutEffect(() => {
    config.addHook('draw', (plot) => frames.forEach((frame) => markBeginnings(plot, frame, theme)));
  }, [config, frames, theme]);
  return null;
}

function markBeginnings(plot: uPlot, frame: DataFrame, theme: GrafanaTheme2): void {
  const [times, colors] = ['time', 'color'].map((name) => frame.fields.find((field) => field.name === name)?.values);
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.setLineDash([5, 5]);
  times?.forEach((time: number, index: number) => {
    const x = plot.valToPos(time, 'x', true);
    if (x >= bbox.left && x <= bbox.left + bbox.width) {
      ctx.strokeStyle = theme.visualization.getColorByName(colors?.[index] ?? 'red');
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  });
  ctx.restore();
}
