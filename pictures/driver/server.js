/** Serves the page's program and icons, and forwards to Prometheus, which doesn't answer other origins. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { BUNDLE, HERE } from './bundle.js';

const TYPES = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};
const ICONS = join(HERE, 'node_modules', '@grafana', 'ui', 'dist', 'public', 'img', 'icons');
/** Where requests for files begin, and the folder that holds them. */
const FOLDERS = { '/page/': BUNDLE, '/public/build/img/icons/': ICONS, '/public/img/icons/': ICONS };
const FONTS = join(HERE, 'node_modules', '@fontsource', 'inter', 'files');
/** Files that Grafana serves and its packages lack: the font as one file, and an icon that another one mirrors. */
const FILES = {
  '/public/fonts/inter/Inter-Regular.woff2': join(FONTS, 'inter-latin-400-normal.woff2'),
  '/public/fonts/inter/Inter-Medium.woff2': join(FONTS, 'inter-latin-500-normal.woff2'),
  '/public/build/img/icons/unicons/angle-double-left.svg': join(HERE, 'page', 'angle-double-left.svg'),
};
const PROMETHEUS = '/prometheus';
const PATIENCE = 600_000; // milliseconds

/**
 * @param {string} prometheus its address
 * @returns {Promise<{address: string, close: () => Promise<void>}>}
 */
export async function serve(prometheus) {
  const server = createServer((request, response) => answer(new URL(prometheus), request, response));
  server.keepAliveTimeout = PATIENCE; // a connection closed while a question is on its way fails the question
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve(undefined)));
  };
  return { address: `http://127.0.0.1:${port}`, close };
}

/**
 * @param {URL} prometheus
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(prometheus, request, response) {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname.startsWith(`${PROMETHEUS}/`)) {
    return pass(prometheus, request, response);
  }
  const file = fileOf(pathname);
  if (!file || !(await isFile(file))) {
    return response.writeHead(404).end();
  }
  response.writeHead(200, { 'Content-Type': TYPES[/** @type {keyof TYPES} */ (extname(file))] ?? 'text/html' });
  return createReadStream(file).pipe(response);
}

/**
 * @param {URL} prometheus
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function pass({ hostname, port }, request, response) {
  const { method, headers, url = '' } = request;
  const path = url.slice(PROMETHEUS.length);
  const asked = { ...headers, host: `${hostname}:${port}`, connection: 'close' };
  const onward = forward({ hostname, port, method, path, headers: asked, agent: false }, (it) => {
    const { connection, ...told } = it.headers;
    response.writeHead(it.statusCode ?? 502, told);
    it.pipe(response);
  });
  onward.on('error', ({ message }) => response.writeHead(502).end(message));
  request.pipe(onward);
}

/**
 * @param {string} pathname
 * @returns {string | undefined}
 */
function fileOf(pathname) {
  const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => pathname.startsWith(start)) ?? [];
  const single = FILES[/** @type {keyof FILES} */ (pathname)];
  return single ?? (folder && join(folder, normalize(`/${pathname.slice(prefix?.length)}`)));
}

/** @param {string} path */
async function isFile(path) {
  return stat(path).then((found) => found.isFile(), () => false);
}
