/** Every piece of text that is seen on the page: where it is, whether it can be read, and whether it is cut off. */

import { ancestors, backgrounds, contrast, over, parse } from './colors.ts';

export interface Faint {
  text: string;
  color: string;
  background: string;
  ratio: number;
  panel: string;
}

export interface Cut {
  text: string;
  /** Pixels that are missing at the side, and below or above. */
  across: number;
  down: number;
  panel: string;
}

interface Piece {
  text: string;
  element: Element;
  box: DOMRect;
}

const TOLERANCE = 1; // a pixel of rounding
const UNREAD = 'script, style, noscript, template';

export function faintTexts(least: number): Faint[] {
  return [...pieces()].flatMap((piece) => {
    const { color, background, ratio } = contrastOf(piece.element);
    return ratio < least ? [{ text: piece.text, color, background, ratio, panel: panelOf(piece.element) }] : [];
  });
}

export function cutTexts(): Cut[] {
  return [...pieces()].flatMap(({ text, element, box }) => {
    const missing = missingOf(element, box);
    return missing ? [{ text, ...missing, panel: panelOf(element) }] : [];
  });
}

function* pieces(): Generator<Piece> {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const [text, element] = [node.textContent!.trim(), node.parentElement!];
    if (text && !element.closest(UNREAD) && isSeen(element)) {
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.width && box.height) {
        yield { text, element, box };
      }
    }
  }
}

/** Texts for screen readers alone are one pixel large. */
function isSeen(element: Element): boolean {
  const box = element.getBoundingClientRect();
  const hidden = box.width <= 1 && box.height <= 1 && getComputedStyle(element).display !== 'contents';
  return !hidden && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

function contrastOf(element: Element): { color: string; background: string; ratio: number } {
  const { color } = getComputedStyle(element);
  const paint = parse(color);
  for (const one of ancestors(element)) {
    paint[3] *= Number(getComputedStyle(one).opacity);
  }
  const all = backgrounds(element).map((background) => ({
    color,
    background: `rgb(${background.slice(0, 3).map(Math.round).join(', ')})`,
    ratio: contrast(over(paint, background), background),
  }));
  return all.reduce((worst, one) => (one.ratio < worst.ratio ? one : worst));
}

/**
 * What the boxes around a text hide of it. Rows below the end of a list that can be scrolled are not missing, but
 * what can only be seen by scrolling sideways is.
 */
function missingOf(element: Element, box: DOMRect): { across: number; down: number } | undefined {
  let [across, down, scrolls] = [0, 0, false];
  for (const around of ancestors(element)) {
    const { overflowX, overflowY } = getComputedStyle(around);
    const frame = around.getBoundingClientRect();
    if (overflowX !== 'visible' && around !== document.body && around !== document.documentElement) {
      across = Math.max(across, box.right - frame.right, frame.left - box.left);
    }
    if (overflowY === 'auto' || overflowY === 'scroll') {
      scrolls = true;
      if (box.top >= frame.bottom || box.bottom <= frame.top) {
        return undefined;
      }
    } else if (overflowY !== 'visible' && !scrolls) {
      down = Math.max(down, box.bottom - frame.bottom, frame.top - box.top);
    }
  }
  across = Math.max(across, box.right - document.documentElement.clientWidth);
  return across > TOLERANCE || down > TOLERANCE + lineSlack(element) ? { across, down } : undefined;
}

/** A line's box is higher than its letters, by what the font leaves above and below. */
function lineSlack(element: Element): number {
  return Number.parseFloat(getComputedStyle(element).fontSize) * 0.25;
}

function panelOf(element: Element): string {
  return element.closest('[data-viz-panel-key]')?.querySelector('h2')?.textContent ?? '';
}
