/** The page into which a dashboard is drawn. */

/** @typedef {import('./draw.js').Page} Page */

/**
 * @param {Page} page
 * @returns {string}
 */
export function html({ view: { theme, language }, ...drawing }) {
  const user = { theme, locale: language, language, timezone: 'browser', weekStart: '' };
  const settings = { buildInfo: { version: '12.4.10', commit: '', env: 'production' }, featureToggles: {}, panels: {} };
  const boot = { user, settings, navTree: [], assets: { dark: '', light: '' } };
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<link rel="stylesheet" href="/page/page.css">
<style>body { margin: 0 }</style>
<script>
window.__grafana_public_path__ = '/public/';
window.grafanaBootData = ${written(boot)};
window.drawing = ${written({ ...drawing, prometheus: '/prometheus' })};
</script>
</head>
<body><div id="root"></div><script src="/page/page.js"></script></body>
</html>`;
}

/** @param {unknown} value */
const written = (value) => JSON.stringify(value).replaceAll('<', '\\u003c');
