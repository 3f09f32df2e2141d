/**
 * Draws pages and says what is seen on them.
 *
 *     node driver/draw.js < job.json > seen.json
 */

import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { json } from 'node:stream/consumers';

import { launch, open } from './browser.js';
import { BUNDLE, bundle } from './bundle.js';
import { html } from './html.js';
import { serve } from './server.js';

/**
 * @typedef {import('./browser.js').View} View
 * @typedef {import('../page/drawing.ts').Dashboard} Dashboard
 *
 * @typedef {object} Page a dashboard, or what has an address
 * @property {string} picture where to write it
 * @property {View} view
 * @property {Dashboard} [dashboard]
 * @property {Record<string, string>} [variables] what is chosen on the dashboard
 * @property {string} [foot]
 * @property {string} [scrapeInterval] of the data source
 * @property {string} [address]
 *
 * @typedef {object} Job
 * @property {string} chromium the program
 * @property {string} prometheus its address
 * @property {number} leastContrast
 * @property {Page[]} pages
 */

const AT_ONCE = 2; // pages; more don't make it faster on two processors
const CELL = 38; // pixels of a row of the grid, and the space below it
const HEAD = 400; // pixels above and below the panels, at most

/** @param {Job} job */
async function run({ chromium, prometheus, leastContrast, pages }) {
  await bundle();
  const server = await serve(prometheus);
  const browser = await launch(chromium);
  try {
    const waiting = pages.map((page, index) => ({ page, index }));
    /** @type {unknown[]} */
    const seen = [];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        seen[next.index] = await draw(browser, server.address, next.page, leastContrast);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return seen;
  } finally {
    await browser.close();
    await server.close();
  }
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} origin
 * @param {Page} page
 * @param {number} leastContrast
 */
async function draw(browser, origin, page, leastContrast) {
  const { page: tab, problems, close } = await open(browser, page.view, page.dashboard ? heightOf(page.dashboard) : 900);
  try {
    const told = await (page.dashboard ? drawDashboard(tab, origin, page) : visit(tab, page.address ?? ''));
    await tab.evaluate(await readFile(`${BUNDLE}/look.js`, 'utf8')); // a page may forbid other scripts than its own
    const seen = await tab.evaluate((least) => window.look(least), leastContrast);
    await mkdir(dirname(page.picture), { recursive: true });
    const clip = { x: 0, y: 0, width: page.view.width, height: Math.ceil(seen.bottom) };
    await tab.screenshot({ path: page.picture, ...(page.dashboard ? { clip } : { fullPage: true }) });
    return { picture: page.picture, ...seen, ...told, problems: [...problems, ...told.problems] };
  } finally {
    await close();
  }
}

/**
 * @param {import('playwright-core').Page} tab
 * @param {string} origin
 * @param {Page} page
 */
async function drawDashboard(tab, origin, page) {
  const address = `${origin}/d/${page.dashboard?.uid}`;
  await tab.route(address, (route) => route.fulfill({ contentType: 'text/html', body: html(page) }));
  await tab.goto(address);
  await tab.waitForFunction(() => window.drawn);
  return tab.evaluate(() => window.told);
}

/**
 * @param {import('playwright-core').Page} tab
 * @param {string} address
 */
async function visit(tab, address) {
  await tab.goto(address);
  return { told: [], asked: [], problems: [] };
}

/**
 * High enough for all panels: a change of the height after they are drawn would draw them anew.
 *
 * @param {Dashboard} dashboard
 */
function heightOf({ panels }) {
  return Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * CELL + HEAD;
}

const job = /** @type {Job} */ (await json(process.stdin));
process.stdout.write(JSON.stringify(await run(job)));
