import { useStyles2 } from '@grafana/ui';
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';

/** What a panel shows in place of values; `text` is the panel's own word for it. */
export function NoData({ text = 'No data' }: { text?: string }) {
  const style = useStyles2(getStyle);
  return (
    <div className={style} data-testid="data-testid Panel data error message">
      {text}
    </div>
  );
}

const getStyle = (theme: GrafanaTheme2) =>
  css({
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    width: '100%',
    height: '100%',
    color: theme.colors.text.secondary,
  });
