/** A dashboard's JSON as a scene, as Grafana makes one of it. */

import {
  type CancelActivationHandler,
  EmbeddedScene,
  LocalValueVariable,
  MultiValueVariable,
  SceneDataLayerSet,
  SceneDataTransformer,
  sceneGraph,
  SceneGridItem,
  type SceneGridItemLike,
  SceneGridLayout,
  SceneGridRow,
  type SceneObject,
  SceneQueryRunner,
  SceneRefreshPicker,
  SceneTimePicker,
  SceneTimeRange,
  SceneVariableSet,
  VariableValueSelectors,
  VizPanel,
  dataLayers,
} from '@grafana/scenes';

import type { Annotation, Dashboard, GridPos, Panel } from './drawing.ts';
import { DashboardLinks } from './links.tsx';
import { TimeOverride } from './override.ts';
import { variableOf } from './variables.ts';

const COLUMNS = 24;

/** The scene without its panels: those that repeat need the values of the variables, which `fill` awaits. */
export function sceneOf(dashboard: Dashboard, given: Record<string, string>): EmbeddedScene {
  const variables = (dashboard.templating?.list ?? []).map((variable) => variableOf(variable, given[variable.name]));
  const layers = (dashboard.annotations?.list ?? []).filter(({ enable }) => enable).map(layerOf);
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ ...dashboard.time, timeZone: dashboard.timezone }),
    $variables: new SceneVariableSet({ variables }),
    $data: new SceneDataLayerSet({ layers: layers as never }),
    controls: [
      new SceneTimePicker({}),
      new SceneRefreshPicker({ refresh: dashboard.refresh, withText: true }),
      new VariableValueSelectors({}),
      new DashboardLinks({ links: dashboard.links ?? [] }),
    ],
    body: new SceneGridLayout({ isDraggable: false, isResizable: false, children: [] }),
  });
}

/** Ask for the variables' values, then lay out the panels. */
export async function fill(scene: EmbeddedScene, dashboard: Dashboard): Promise<CancelActivationHandler> {
  const stop = scene.activate();
  await variablesKnown(scene);
  const layout = scene.state.body as SceneGridLayout;
  layout.setState({ children: rowsOf(unfolded(dashboard.panels), scene) });
  return stop;
}

async function variablesKnown(scene: EmbeddedScene): Promise<void> {
  const set = scene.state.$variables as SceneVariableSet;
  const waiting = () => set.state.variables.some((variable) => set.isVariableLoadingOrWaitingToUpdate(variable));
  while (waiting()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The panels of a collapsed row stand inside it, those of an open one after it. */
function unfolded(panels: Panel[]): [Panel | undefined, Panel[]][] {
  const groups: [Panel | undefined, Panel[]][] = [[undefined, []]];
  for (const panel of panels) {
    if (panel.type === 'row') {
      groups.push([panel, panel.collapsed ? (panel.panels ?? []) : []]);
    } else {
      groups.at(-1)![1].push(panel);
    }
  }
  return groups;
}

function rowsOf(groups: [Panel | undefined, Panel[]][], scene: EmbeddedScene): SceneGridItemLike[] {
  let grown = 0; // how far panels that repeat have moved what is below
  return groups.flatMap(([row, panels]): SceneGridItemLike[] => {
    const y = (row?.gridPos.y ?? 0) + grown;
    const children: SceneGridItem[] = [];
    for (const panel of panels) {
      const items = itemsOf(panel, scene, grown);
      grown += items.extra;
      children.push(...items.children);
    }
    return row ? [rowOf(row, y, children)] : children;
  });
}

function rowOf({ id, title, collapsed }: Panel, y: number, children: SceneGridItem[]): SceneGridRow {
  return new SceneGridRow({ key: `row-${id}`, title, isCollapsed: collapsed, isCollapsible: true, y, children });
}

function itemsOf(panel: Panel, scene: EmbeddedScene, grown: number): { children: SceneGridItem[]; extra: number } {
  const place = { ...panel.gridPos, y: panel.gridPos.y + grown };
  if (!panel.repeat) {
    return { children: [itemOf(panel, place, `panel-${panel.id}`)], extra: 0 };
  }
  const repeated = valuesOf(panel.repeat, scene);
  const places = repeated.map((_, index) => placeOf(panel, place, index, repeated.length));
  const children = repeated.map(({ value, text }, index) => {
    const local = new LocalValueVariable({ name: panel.repeat!, value, text });
    return itemOf(panel, places[index], `panel-${panel.id}-clone-${index}`, local);
  });
  const bottom = Math.max(...places.map(({ y, h }) => y + h), place.y + place.h);
  return { children, extra: bottom - place.y - place.h };
}

/** Copies stand side by side, as many as fit a line, or each below the other. */
function placeOf(panel: Panel, { x, y, w, h }: GridPos, index: number, count: number): GridPos {
  if (panel.repeatDirection === 'v') {
    return { x, y: y + index * h, w, h };
  }
  const perLine = Math.min(count, panel.maxPerRow ?? 4);
  const width = COLUMNS / perLine;
  return { x: (index % perLine) * width, y: y + Math.floor(index / perLine) * h, w: width, h };
}

function valuesOf(name: string, scene: EmbeddedScene): { value: string; text: string }[] {
  const variable = sceneGraph.lookupVariable(name, scene);
  if (!(variable instanceof MultiValueVariable)) {
    throw new Error(`a panel is repeated for ${name}, which is no variable of several values`);
  }
  const { value, text, options } = variable.state;
  if (variable.hasAllValue()) {
    return options.map((option: { value: unknown; label: string }) => ({ value: String(option.value), text: option.label }));
  }
  const [values, texts] = [[value].flat(), [text].flat()];
  return values.map((one, index) => ({ value: String(one), text: String(texts[index]) }));
}

function itemOf(panel: Panel, place: GridPos, key: string, local?: LocalValueVariable): SceneGridItem {
  const { x, y, w: width, h: height } = place;
  return new SceneGridItem({ key: `item-${key}`, x, y, width, height, body: vizOf(panel, key, local) });
}

function vizOf(panel: Panel, key: string, local?: LocalValueVariable): VizPanel {
  const { timeFrom, timeShift } = panel;
  return new VizPanel({
    key,
    pluginId: panel.type,
    title: panel.title ?? '',
    description: panel.description,
    displayMode: panel.transparent ? 'transparent' : 'default',
    hoverHeader: !panel.title,
    options: panel.options ?? {},
    fieldConfig: (panel.fieldConfig ?? { defaults: {}, overrides: [] }) as never,
    pluginVersion: panel.pluginVersion,
    $data: dataOf(panel),
    $timeRange: timeFrom || timeShift ? new TimeOverride({ timeFrom, timeShift }) : undefined,
    $variables: local && new SceneVariableSet({ variables: [local] }),
  });
}

function dataOf(panel: Panel): SceneDataTransformer | undefined {
  if (!panel.targets?.length) {
    return undefined;
  }
  const $data = new SceneQueryRunner({
    datasource: panel.datasource,
    queries: panel.targets,
    maxDataPoints: panel.maxDataPoints,
    minInterval: panel.interval,
    dataLayerFilter: { panelId: panel.id },
  });
  return new SceneDataTransformer({ $data, transformations: (panel.transformations ?? []) as never });
}

function layerOf(annotation: Annotation): SceneObject {
  const { name, enable: isEnabled, hide: isHidden } = annotation;
  return new dataLayers.AnnotationsDataLayer({ name, isEnabled, isHidden, query: annotation as never });
}
