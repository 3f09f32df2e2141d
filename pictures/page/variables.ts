/** A dashboard's variables as variables of a scene. */

import {
  ConstantVariable,
  CustomVariable,
  DataSourceVariable,
  IntervalVariable,
  QueryVariable,
  type SceneVariable,
  TextBoxVariable,
} from '@grafana/scenes';

import type { Variable } from './drawing.ts';

/** `given` is what the page's address says for it; `,` separates several values. */
export function variableOf(variable: Variable, given?: string): SceneVariable {
  const { name, label, description, hide, skipUrlSync } = variable;
  const common = { name, label, description, hide, skipUrlSync };
  const { regex, query } = variable as { regex?: string; query: string };
  switch (variable.type) {
    case 'datasource':
      return new DataSourceVariable({ ...common, ...chosen(variable), pluginId: query, regex });
    case 'textbox':
      return new TextBoxVariable({ ...common, value: given ?? query ?? '' });
    case 'constant':
      return new ConstantVariable({ ...common, value: query });
    case 'interval':
      return intervalOf(common, variable, given);
    case 'custom':
      return new CustomVariable({ ...common, ...chosen(variable, given), ...several(variable), query });
    case 'query':
      return new QueryVariable({ ...common, ...chosen(variable, given), ...several(variable), ...queried(variable) });
    default:
      throw new Error(`the variable ${name} is of the unknown type ${variable.type}`);
  }
}

type Common = Pick<Variable, 'name' | 'label' | 'description' | 'hide' | 'skipUrlSync'>;

function intervalOf(common: Common, variable: Variable, given?: string): IntervalVariable {
  const intervals = String(variable.query).split(',');
  const { auto, auto_count, auto_min, current, refresh } = variable;
  const value = given ?? String(current?.value ?? intervals[0]);
  return new IntervalVariable({
    ...common,
    intervals,
    value,
    autoEnabled: auto,
    autoStepCount: auto_count,
    autoMinInterval: auto_min,
    refresh,
  });
}

const several = ({ multi: isMulti, includeAll, allValue }: Variable) => ({ isMulti, includeAll, allValue });

const queried = ({ datasource, query, regex, refresh, sort }: Variable) => ({
  datasource,
  query: query as string,
  regex,
  refresh,
  sort,
});

function chosen({ current, multi }: Variable, given?: string) {
  if (given !== undefined) {
    const value = multi ? given.split(',') : given;
    return { value, text: value };
  }
  return current ? { value: current.value, text: current.text } : {};
}
