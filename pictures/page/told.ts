/** What the program knows of the panels and a reader can't see. */

import { type SceneObject, sceneGraph, VizPanel } from '@grafana/scenes';

import type { Panel } from './drawing.ts';
import { NEAREST_MEANS } from './plugins.ts';
import type { Asked } from './prometheus.ts';

export interface ToldPanel {
  key: string;
  type: string;
  errors: string[];
  /** Rows of all frames, after the transformations. */
  rows: number;
  /** Options of fields that Grafana passes over in silence, as its panel of this type has none of this name. */
  unknownOptions: string[];
}

export interface Told {
  told: ToldPanel[];
  asked: Asked[];
  problems: string[];
}

export function panelsOf(scene: SceneObject): VizPanel[] {
  return sceneGraph.findAllObjects(scene, (object) => object instanceof VizPanel) as VizPanel[];
}

/** `made` is the panel's JSON, before Grafana has removed what it doesn't know. */
export function told(panel: VizPanel, made: Panel): ToldPanel {
  const { key, pluginId } = panel.state;
  const data = panel.state.$data && sceneGraph.getData(panel).state.data;
  const registry = panel.getPlugin()?.fieldConfigRegistry;
  const ids = (made.fieldConfig?.overrides ?? []).flatMap(({ properties }) => properties.map(({ id }) => id));
  return {
    key: key!,
    type: pluginId,
    errors: (data?.errors ?? []).map(({ message }) => message ?? 'failed without a word'),
    rows: (data?.series ?? []).reduce((sum, { length }) => sum + length, 0),
    unknownOptions: [...new Set(ids)].filter((id) => !registry?.getIfExists(id)),
  };
}

/** Said in the foot: what is drawn by other means than Grafana's own component. */
export function nearestMeans(panels: VizPanel[]): string[] {
  return [...new Set(panels.flatMap(({ state: { pluginId } }) => NEAREST_MEANS[pluginId] ?? []))];
}
