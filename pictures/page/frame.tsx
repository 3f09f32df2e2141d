import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { type EmbeddedScene, type SceneObject, SceneRefreshPicker, SceneTimePicker } from '@grafana/scenes';
import { useStyles2 } from '@grafana/ui';

interface Props {
  title: string;
  scene: EmbeddedScene;
  foot: string;
}

/** The dashboard between its name and the foot. */
export function Page({ title, scene, foot }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <>
      <header className={styles.title}>{title}</header>
      <main className={styles.page}>
        <Controls controls={scene.state.controls ?? []} />
        <scene.state.body.Component model={scene.state.body} />
      </main>
      <footer className={styles.foot}>{foot}</footer>
    </>
  );
}

/** Grafana keeps the time at the right; variables and links flow beside and below it. */
function Controls({ controls }: { controls: SceneObject[] }) {
  const styles = useStyles2(getStyles);
  const isTime = (control: SceneObject) => control instanceof SceneTimePicker || control instanceof SceneRefreshPicker;
  const drawn = (control: SceneObject) => <control.Component key={control.state.key} model={control} />;
  return (
    <div className={styles.controls}>
      <div className={styles.time}>{controls.filter(isTime).map(drawn)}</div>
      {controls.filter((control) => !isTime(control)).map(drawn)}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  title: css({
    padding: theme.spacing(1.25, 2),
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    fontWeight: theme.typography.fontWeightMedium,
  }),
  page: css({ padding: theme.spacing(2, 2, 1) }),
  controls: css({ '> *': { display: 'inline-flex', margin: theme.spacing(0, 1, 1, 0), verticalAlign: 'middle' } }),
  time: css({ float: 'right', gap: theme.spacing(1), marginRight: '0 !important', marginLeft: theme.spacing(1) }),
  foot: css({
    padding: theme.spacing(0, 2, 1),
    color: theme.colors.text.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
  }),
});
