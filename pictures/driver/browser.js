/** One page of a headless Chromium: what it draws, and what it says while it does. */

import { chromium } from 'playwright-core';

const PATIENCE = 120_000; // milliseconds for one page

/** @typedef {{width: number, theme: 'light' | 'dark', language: string, timeZone: string, now?: number}} View */

/**
 * @param {string} program path of a Chromium
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launch(program) {
  // No sandbox: containers and root can't have one, and only our own pages are opened.
  return chromium.launch({ executablePath: program, args: ['--no-sandbox', '--font-render-hinting=none'] });
}

/**
 * Open a window as a reader would have it; `problems` grows with each error that a page meets in it.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {View} view `now` in seconds stops the clock
 * @param {number} height of the window
 */
export async function open(browser, { width, theme, language, timeZone, now }, height) {
  const viewport = { width, height };
  const context = await browser.newContext({ viewport, colorScheme: theme, locale: language, timezoneId: timeZone });
  if (now) {
    await context.clock.setFixedTime(now * 1000);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  return { page, problems: problemsOf(page), close: () => context.close() };
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {string[]}
 */
function problemsOf(page) {
  /** @type {string[]} */
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problems.push(message.text());
    }
  });
  page.on('response', (response) => {
    if (!response.ok()) {
      problems.push(`${response.status()} ${response.url()}`);
    }
  });
  return problems;
}
