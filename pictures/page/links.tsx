/** The links of a dashboard, beside its variables. */

import { textUtil } from '@grafana/data';
import { type SceneComponentProps, sceneGraph, SceneObjectBase, type SceneObjectState } from '@grafana/scenes';
import { type IconName, LinkButton } from '@grafana/ui';

import type { DashboardLink } from './drawing.ts';

interface State extends SceneObjectState {
  links: DashboardLink[];
}

const ICONS: Record<string, IconName> = {
  bolt: 'bolt',
  cloud: 'cloud',
  dashboard: 'apps',
  doc: 'file-alt',
  'external link': 'external-link-alt',
  info: 'info-circle',
  question: 'question-circle',
};

export class DashboardLinks extends SceneObjectBase<State> {
  static Component = ({ model }: SceneComponentProps<DashboardLinks>) => (
    <>
      {model.useState().links.map((link) => (
        <LinkButton
          key={link.title}
          icon={ICONS[link.icon ?? ''] ?? 'link'}
          variant="secondary"
          fill="outline"
          tooltip={link.tooltip}
          href={model.addressOf(link)}
          target={link.targetBlank ? '_blank' : undefined}
          data-testid="data-testid Dashboard link"
        >
          {link.title}
        </LinkButton>
      ))}
    </>
  );

  private addressOf({ url, keepTime, includeVars }: DashboardLink): string {
    const kept = [keepTime && '${__url_time_range}', includeVars && '${__all_variables}'].filter(Boolean);
    const whole = [url, ...kept].reduce((address, part) => `${address}${String(address).includes('?') ? '&' : '?'}${part}`);
    return textUtil.sanitizeUrl(sceneGraph.interpolate(this, String(whole)));
  }
}
