/** What a reader finds in each panel. */

export interface SeenPanel {
  key: string;
  title: string;
  /** Grafana's mark of a failed query. */
  failed: boolean;
  /** What is said in place of values. */
  empty: string;
  text: string;
  headers: string[];
  rows: string[][];
  links: string[];
  charts: number;
  height: number;
}

const EMPTY = '[data-testid="data-testid Panel data error message"]';
const FAILED = '[data-testid="data-testid Panel status error"]';

export function seenPanels(): SeenPanel[] {
  return [...document.querySelectorAll<HTMLElement>('[data-viz-panel-key]')].map((panel) => ({
    key: panel.dataset.vizPanelKey!,
    title: textOf(panel.querySelector('h2')),
    failed: Boolean(panel.querySelector(FAILED)),
    empty: textOf(panel.querySelector(EMPTY)),
    text: textOf(panel.querySelector('[data-testid="data-testid panel content"]')),
    headers: [...panel.querySelectorAll('[role=columnheader]')].map(textOf),
    rows: [...panel.querySelectorAll('[role=row]')].map(cellsOf).filter(({ length }) => length),
    links: [...panel.querySelectorAll('a[href]')].map((link) => link.getAttribute('href')!),
    charts: panel.querySelectorAll('.uplot').length,
    height: panel.getBoundingClientRect().height,
  }));
}

function cellsOf(row: Element): string[] {
  return [...row.querySelectorAll('[role=gridcell]')].map(textOf);
}

function textOf(element: Element | null): string {
  return (element as HTMLElement | null)?.innerText.trim() ?? '';
}
