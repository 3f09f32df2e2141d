/** The panels that show single values: stat, gauge and bar gauge. */

import {
  type DisplayValueAlignmentFactors,
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type PanelProps,
  type ReduceDataOptions,
  VizOrientation,
} from '@grafana/data';
import type {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeValueMode,
  VizTextDisplayOptions,
} from '@grafana/schema';
import {
  BarGauge,
  BigValue,
  type BigValueColorMode,
  type BigValueGraphMode,
  type BigValueJustifyMode,
  type BigValueTextMode,
  DataLinksContextMenu,
  Gauge,
  useTheme2,
  VizRepeater,
} from '@grafana/ui';
import type { ReactElement } from 'react';

import { NoData } from './nodata.tsx';

interface Common {
  reduceOptions: ReduceDataOptions;
  orientation?: VizOrientation;
  text?: VizTextDisplayOptions;
}

interface StatOptions extends Common {
  colorMode: BigValueColorMode;
  graphMode: BigValueGraphMode;
  justifyMode: BigValueJustifyMode;
  textMode: BigValueTextMode;
  wideLayout?: boolean;
}

interface GaugeOptions extends Common {
  showThresholdLabels?: boolean;
  showThresholdMarkers?: boolean;
}

interface BarGaugeOptions extends Common {
  displayMode: BarGaugeDisplayMode;
  valueMode?: BarGaugeValueMode;
  namePlacement?: BarGaugeNamePlacement;
  showUnfilled?: boolean;
  minVizWidth?: number;
  minVizHeight?: number;
  maxVizHeight?: number;
}

interface Place {
  value: FieldDisplay;
  width: number;
  height: number;
  count: number;
  orientation: VizOrientation;
  alignmentFactors?: DisplayValueAlignmentFactors;
}

export function StatPanel(props: PanelProps<StatOptions>) {
  const theme = useTheme2();
  const { options } = props;
  return (
    <Values panel={props} autoGrid sparkline={options.graphMode !== 'none'}>
      {({ value, width, height, count, alignmentFactors }) =>
        linked(value, (onClick, className) => (
          <BigValue
            value={value.display}
            width={width}
            height={height}
            count={count}
            sparkline={value.sparkline}
            alignmentFactors={alignmentFactors}
            colorMode={options.colorMode}
            graphMode={options.graphMode}
            justifyMode={options.justifyMode}
            textMode={options.textMode}
            text={options.text}
            disableWideLayout={!(options.wideLayout ?? true)}
            theme={theme}
            onClick={onClick}
            className={className}
            hasLinks={Boolean(onClick)}
          />
        ))
      }
    </Values>
  );
}

export function GaugePanel(props: PanelProps<GaugeOptions>) {
  const theme = useTheme2();
  const { options } = props;
  return (
    <Values panel={props} autoGrid>
      {({ value, width, height, orientation }) =>
        linked(value, (onClick, className) => (
          <Gauge
            value={value.display}
            width={width}
            height={height}
            field={value.field}
            text={options.text}
            showThresholdLabels={options.showThresholdLabels ?? false}
            showThresholdMarkers={options.showThresholdMarkers ?? true}
            orientation={orientation}
            theme={theme}
            onClick={onClick}
            className={className}
          />
        ))
      }
    </Values>
  );
}

export function BarGaugePanel(props: PanelProps<BarGaugeOptions>) {
  const theme = useTheme2();
  const { options } = props;
  return (
    <Values panel={props} limits={options}>
      {({ value, width, height, orientation, alignmentFactors }) =>
        linked(value, (onClick, className) => (
          <BarGauge
            value={value.display}
            width={width}
            height={height}
            field={value.field}
            display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
            text={options.text}
            orientation={orientation}
            alignmentFactors={alignmentFactors}
            displayMode={options.displayMode}
            valueDisplayMode={options.valueMode}
            namePlacement={options.namePlacement}
            showUnfilled={options.showUnfilled}
            isOverflow={false}
            theme={theme}
            onClick={onClick}
            className={className}
          />
        ))
      }
    </Values>
  );
}

type Needed = Exclude<keyof PanelProps, 'onOptionsChange'>;

interface ValuesProps {
  panel: Pick<PanelProps<Common>, Needed>;
  autoGrid?: boolean;
  sparkline?: boolean;
  limits?: { minVizWidth?: number; minVizHeight?: number; maxVizHeight?: number };
  children: (place: Place) => ReactElement;
}

/** Lays out one picture for each value of the panel. */
function Values({ panel, autoGrid, sparkline, limits, children }: ValuesProps) {
  const theme = useTheme2();
  const { data, options, fieldConfig, replaceVariables, timeZone, width, height, renderCounter } = panel;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig,
      reduceOptions: options.reduceOptions,
      replaceVariables,
      theme,
      data: data.series,
      sparkline,
      timeZone,
    });
  if (!data.series.length) {
    return <NoData text={fieldConfig.defaults.noValue} />;
  }
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={(shown) => getDisplayValueAlignmentFactors(shown)}
      renderValue={(place) => children(place as Place)}
      width={width}
      height={height}
      source={data}
      autoGrid={autoGrid}
      renderCounter={renderCounter}
      orientation={options.orientation ?? VizOrientation.Auto}
      {...limits}
    />
  );
}

/** One link makes the whole value clickable, as several open a menu. */
function linked(value: FieldDisplay, draw: (onClick?: () => void, className?: string) => ReactElement): ReactElement {
  if (!value.hasLinks || !value.getLinks) {
    return draw();
  }
  return (
    <DataLinksContextMenu links={value.getLinks}>
      {({ openMenu, targetClassName }) => draw(openMenu as (() => void) | undefined, targetClassName)}
    </DataLinksContextMenu>
  );
}
