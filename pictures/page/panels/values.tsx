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
import {
  BarGaugeDisplayMode,
  type BarGaugeNamePlacement,
  type BarGaugeValueMode,
  type VizTextDisplayOptions,
} from '@grafana/schema';
import {
  BarGauge,
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  DataLinksContextMenu,
  useTheme2,
  VizRepeater,
} from '@grafana/ui';
import type { ReactElement } from 'react';

import { Arc } from './arc.tsx';
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

/** What Grafana takes for options that a panel doesn't have. */
const REDUCE: ReduceDataOptions = { values: false, calcs: ['lastNotNull'], fields: '' };
const STAT = {
  colorMode: BigValueColorMode.Value,
  graphMode: BigValueGraphMode.Area,
  justifyMode: BigValueJustifyMode.Auto,
  textMode: BigValueTextMode.Auto,
};

export function StatPanel(props: PanelProps<StatOptions>) {
  const theme = useTheme2();
  const options = { ...STAT, ...props.options };
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

export function GaugePanel(props: PanelProps<Common>) {
  return (
    <Values panel={props} autoGrid>
      {({ value, width, height }) => linked(value, () => <Arc value={value} width={width} height={height} />)}
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
            displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
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
      reduceOptions: { ...REDUCE, ...options.reduceOptions },
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
