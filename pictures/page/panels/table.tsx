import { cacheFieldDisplayNames, type PanelProps } from '@grafana/data';
import type { TableCellHeight } from '@grafana/schema';
import type { TableSortByFieldState } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

import { NoData } from './nodata.tsx';

interface Options {
  showHeader?: boolean;
  cellHeight?: TableCellHeight;
  enablePagination?: boolean;
  sortBy?: TableSortByFieldState[];
  frozenColumns?: { left?: number };
  maxRowHeight?: number;
  showTypeIcons?: boolean;
}

/** What Grafana's table registers as options of a field; it passes over anything else in silence. */
export const TABLE_FIELD_OPTIONS = [
  'align',
  'cellOptions',
  'filterable',
  'footer.reducers',
  'hideFrom.viz',
  'inspect',
  'minWidth',
  'styleField',
  'tooltip.field',
  'tooltip.placement',
  'width',
  'wrapHeaderText',
  'wrapText',
];

/** The first frame as a table; where a panel has several, Grafana offers a choice that begins with the first. */
export function TablePanel({ data, options, width, height, timeRange, fieldConfig }: PanelProps<Options>) {
  const frame = data.series[0];
  if (!frame?.fields.length || !frame.length) {
    return <NoData text={fieldConfig.defaults.noValue} />;
  }
  cacheFieldDisplayNames(data.series);
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      noHeader={!(options.showHeader ?? true)}
      cellHeight={options.cellHeight}
      enablePagination={options.enablePagination}
      frozenColumns={options.frozenColumns?.left}
      initialSortBy={options.sortBy}
      maxRowHeight={options.maxRowHeight}
      showTypeIcons={options.showTypeIcons}
      timeRange={timeRange}
      fieldConfig={fieldConfig}
      structureRev={data.structureRev}
    />
  );
}
