import type { Told } from './told.ts';

/** What the page is asked to draw; the driver writes it into the page before the program loads. */
export interface Drawing {
  /** The dashboard's JSON, as it is provisioned. */
  dashboard: Dashboard;
  /** Where this origin forwards to Prometheus. */
  prometheus: string;
  /** Scrape interval of the data source, as its provisioning file sets it. */
  scrapeInterval: string;
  /** Variables as the address of a page sets them: var-service=cart. */
  variables: Record<string, string>;
  /** Said below the page; what is drawn by other means than a published component is added. */
  foot: string;
}

export interface Dashboard {
  uid: string;
  title: string;
  graphTooltip?: number;
  timezone?: string;
  time: { from: string; to: string };
  refresh?: string;
  timepicker?: { refresh_intervals?: string[] };
  annotations?: { list: Annotation[] };
  links?: DashboardLink[];
  templating?: { list: Variable[] };
  panels: Panel[];
}

export interface DataSourceRef {
  type?: string;
  uid: string;
}

export interface Annotation {
  name: string;
  datasource: DataSourceRef;
  enable: boolean;
  hide?: boolean;
  iconColor: string;
  expr: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
}

export interface DashboardLink {
  type: string;
  title: string;
  tooltip?: string;
  url: string;
  icon?: string;
  keepTime?: boolean;
  includeVars?: boolean;
  targetBlank?: boolean;
}

/** A variable of any type; which keys there are depends on the type. */
export interface Variable {
  type: string;
  name: string;
  label?: string;
  description?: string;
  hide?: number;
  query?: unknown;
  regex?: string;
  refresh?: number;
  sort?: number;
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
  skipUrlSync?: boolean;
  datasource?: DataSourceRef;
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
  current?: { text: string | string[]; value: string | string[] };
}

export interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Target {
  refId: string;
  datasource?: DataSourceRef;
  expr?: string;
  format?: string;
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
}

export interface Panel {
  id: number;
  type: string;
  title?: string;
  description?: string;
  transparent?: boolean;
  gridPos: GridPos;
  datasource?: DataSourceRef;
  targets?: Target[];
  transformations?: { id: string; options: unknown }[];
  options?: Record<string, unknown>;
  fieldConfig?: { defaults: Record<string, unknown>; overrides: { properties: { id: string }[] }[] };
  pluginVersion?: string;
  interval?: string;
  maxDataPoints?: number;
  timeFrom?: string;
  timeShift?: string;
  hideTimeOverride?: boolean;
  repeat?: string;
  repeatDirection?: string;
  maxPerRow?: number;
  collapsed?: boolean;
  panels?: Panel[];
  links?: { title: string; url: string; targetBlank?: boolean }[];
}

declare global {
  interface Window {
    drawing: Drawing;
    grafanaBootData: unknown;
    __grafana_public_path__: string;
    /** Set when everything is drawn. */
    drawn?: boolean;
    told: Told;
  }
}
