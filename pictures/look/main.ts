/** Looks at a page as its reader would; added to the page when it is drawn. */

import { type SeenPanel, seenPanels } from './panels.ts';
import { type Cut, cutTexts, type Faint, faintTexts } from './texts.ts';

export interface Seen {
  title: string;
  /** The labels of variables, and the texts of links in the head. */
  controls: string[];
  panels: SeenPanel[];
  faint: Faint[];
  cut: Cut[];
  /** Pixels by which the page is wider than the window. */
  tooWide: number;
  /** Where the page ends, in pixels. */
  bottom: number;
}

declare global {
  interface Window {
    look: (leastContrast: number) => Seen;
  }
}

const CONTROLS = '[data-testid="data-testid template variable"] label, label, [data-testid="data-testid Dashboard link"]';

window.look = (leastContrast) => {
  const page = document.documentElement;
  return {
    title: document.querySelector('header')?.textContent?.trim() ?? document.title,
    controls: [...document.querySelectorAll<HTMLElement>(CONTROLS)].map(({ innerText }) => innerText.trim()).filter(Boolean),
    panels: seenPanels(),
    faint: faintTexts(leastContrast),
    cut: cutTexts(),
    tooWide: page.scrollWidth - page.clientWidth,
    bottom: (document.querySelector('body > footer, footer') ?? document.body).getBoundingClientRect().bottom,
  };
};
