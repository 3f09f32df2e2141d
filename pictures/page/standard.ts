/** What Grafana fills the registries of its data package with at start: field options and transformations. */

import {
  booleanOverrideProcessor,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldColorModeId,
  type FieldConfigPropertyItem,
  type FieldConfigEditorBuilder,
  type FieldOverrideContext,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  stringOverrideProcessor,
  ThresholdsMode,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';

type Process = (value: never, context: FieldOverrideContext, settings: never) => unknown;

const noEditor = () => null;

/** The options that every panel knows, by their name in a field's configuration. */
const FIELD_OPTIONS: Record<string, Process> = {
  displayName: displayNameOverrideProcessor,
  unit: unitOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  decimals: numberOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  noValue: stringOverrideProcessor,
  links: dataLinksOverrideProcessor,
  color: identityOverrideProcessor,
  filterable: booleanOverrideProcessor,
  fieldMinMax: booleanOverrideProcessor,
};

/** What Grafana takes where a panel says nothing. */
const DEFAULTS: Record<string, unknown> = {
  color: { mode: FieldColorModeId.Thresholds },
  mappings: [],
  thresholds: {
    mode: ThresholdsMode.Absolute,
    steps: [
      { value: -Infinity, color: 'green' },
      { value: 80, color: 'red' },
    ],
  },
};

export function fillRegistries(): void {
  standardEditorsRegistry.setInit(() => []);
  standardFieldConfigEditorRegistry.setInit(() => Object.entries(FIELD_OPTIONS).map(([id, process]) => option(id, process)));
  standardTransformersRegistry.setInit(transformations);
}

/** A panel's own options live under `custom`; each is taken as it is. */
export function ownOptions(names: string[]) {
  return (builder: FieldConfigEditorBuilder<{}>): void => {
    for (const name of names) {
      const { id, ...rest } = option(name, identityOverrideProcessor);
      builder.addCustomEditor({ ...rest, id: name, path: name, category: ['Panel'] } as never);
    }
  };
}

function option(id: string, process: Process): FieldConfigPropertyItem {
  const settings = id === 'displayName' || id === 'noValue' ? { expandTemplateVars: true } : {};
  return {
    id,
    path: id,
    name: id,
    description: '',
    category: ['Standard options'],
    settings,
    defaultValue: DEFAULTS[id],
    editor: noEditor,
    override: noEditor,
    process,
    shouldApply: () => true,
  } as unknown as FieldConfigPropertyItem;
}

function transformations() {
  const known = new Map(Object.values(standardTransformers).map((one) => [one.id as string, one]));
  return [...known.values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
    editor: noEditor,
  })) as never;
}
