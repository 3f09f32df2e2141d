/** The programs of the page, each as one file that a browser can load. */

import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
export const BUNDLE = join(HERE, 'node_modules', '.cache', 'page');

/**
 * The scenes' builders of panels, which we don't use, look for an export that the schema of 12.4 no longer has.
 *
 * @type {import('esbuild').Plugin}
 */
const emptyDefaults = {
  name: 'empty defaults of the table',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/composable\/table\/panelcfg\/x\/types\.gen\.mjs$/ }, async ({ path }) => ({
      contents: `${await readFile(path, 'utf8')}\nexport const defaultOptions = {};`,
    })),
};

/** @returns {Promise<void>} */
export async function bundle() {
  await build({
    entryPoints: { page: join(HERE, 'page', 'main.tsx'), look: join(HERE, 'look', 'main.ts') },
    outdir: BUNDLE,
    bundle: true,
    format: 'iife',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.woff2': 'file', '.woff': 'file', '.svg': 'dataurl', '.png': 'dataurl' },
    alias: { 'monaco-editor': join(HERE, 'page', 'none.ts') },
    plugins: [emptyDefaults],
    logLevel: 'error',
    minify: true,
  });
}
