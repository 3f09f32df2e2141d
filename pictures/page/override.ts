/** A panel's own time: `timeFrom` in place of the dashboard's range, `timeShift` before it. */

import { dateMath, dateTime, rangeUtil } from '@grafana/data';
import { SceneTimeRangeTransformerBase, type SceneTimeRangeState } from '@grafana/scenes';

interface State extends SceneTimeRangeState {
  timeFrom?: string;
  timeShift?: string;
}

export class TimeOverride extends SceneTimeRangeTransformerBase<State> {
  constructor(state: { timeFrom?: string; timeShift?: string }) {
    const value = { from: dateTime(), to: dateTime(), raw: { from: '', to: '' } };
    super({ ...state, from: 'now-6h', to: 'now', value });
    this.addActivationHandler(() => this.ancestorTimeRangeChanged(this.getAncestorTimeRange().state));
  }

  protected ancestorTimeRangeChanged(ancestor: SceneTimeRangeState): void {
    this.setState({ value: overridden(ancestor.value, this.state) });
  }
}

function overridden(range: SceneTimeRangeState['value'], { timeFrom, timeShift }: State) {
  const chosen = timeFrom ? rangeUtil.convertRawToRange(rangeUtil.describeTextRange(timeFrom)) : range;
  if (!timeShift) {
    return chosen;
  }
  const shift = (time: typeof range.from) => dateMath.parseDateMath(`-${timeShift}`, time) ?? time;
  const [from, to] = [shift(chosen.from), shift(chosen.to)];
  return { from, to, raw: { from, to } };
}
