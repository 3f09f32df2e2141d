import { config, LocationServiceProvider, locationService } from '@grafana/runtime';
import { sceneGraph, type VizPanel } from '@grafana/scenes';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { ThemeContext } from '@grafana/data';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'react-router-dom';

import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/inter/600.css';
import '@fontsource/roboto-mono/400.css';

import { Page } from './frame.tsx';
import type { Dashboard, Panel } from './drawing.ts';
import { startGrafana } from './grafana.ts';
import { fill, sceneOf } from './scene.ts';
import { nearestMeans, panelsOf, told } from './told.ts';

const PATIENCE = { answers: 60_000, contents: 5_000 }; // milliseconds, for panels to get and to show what they asked for
const QUIET = 300; // milliseconds without a change, after which the page is taken as drawn

/** An error that nobody caught leaves a panel waiting forever. */
let broken = false;
window.addEventListener('error', () => (broken = true));
window.addEventListener('unhandledrejection', () => (broken = true));

async function draw(): Promise<void> {
  const { dashboard, prometheus, scrapeInterval, variables, foot } = window.drawing;
  const source = await startGrafana(prometheus, scrapeInterval);
  const scene = sceneOf(dashboard, variables);
  await fill(scene, dashboard);
  const panels = panelsOf(scene);
  show(<Page title={dashboard.title} scene={scene} foot={[foot, ...nearestMeans(panels)].join('; ')} />);
  await until(() => broken || panels.every(isReady), PATIENCE.answers);
  await document.fonts.ready;
  await until(() => broken || panels.every(isFilled), PATIENCE.contents);
  await quiet();
  const waiting = panels.filter((panel) => !isReady(panel)).map(({ state: { title } }) => `${title}: never got ready`);
  window.told = { told: panels.map((panel) => told(panel, madeOf(panel, dashboard))), asked: source.asked, problems: waiting };
}

function show(page: ReactNode): void {
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={config.theme2}>
      <LocationServiceProvider service={locationService}>
        <Router location={locationService.getLocation()} navigator={locationService.getHistory() as never}>
          <GlobalStyles />
          {page}
          <PortalContainer />
        </Router>
      </LocationServiceProvider>
    </ThemeContext.Provider>
  );
}

/** Look again and again until it is so, or for so many milliseconds. */
async function until(so: () => boolean, patience: number): Promise<void> {
  const end = performance.now() + patience;
  while (!so() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The JSON of a panel; copies of one have its number too. */
function madeOf({ state: { key } }: VizPanel, { panels }: Dashboard): Panel {
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  return all.find(({ id }) => key === `panel-${id}` || key?.startsWith(`panel-${id}-`))!;
}

/** A panel is ready when it has its program, its answer and its place. */
function isReady(panel: VizPanel): boolean {
  const { $data, key } = panel.state;
  const state = $data && sceneGraph.getData(panel).state.data?.state;
  return Boolean(panel.getPlugin() && contentOf(key) && (!$data || state === 'Done' || state === 'Error'));
}

/** Tables measure themselves before they show their rows. */
function isFilled({ state: { key } }: VizPanel): boolean {
  const content = contentOf(key);
  const rows = content?.querySelector('[role=grid]') ? content.querySelector('[role=gridcell]') : content?.textContent;
  return Boolean(rows || content?.querySelector('canvas'));
}

const contentOf = (key?: string) =>
  document.querySelector(`[data-viz-panel-key="${key}"] [data-testid="data-testid panel content"]`);

/** Until nothing on the page has changed for a while. */
async function quiet(): Promise<void> {
  await new Promise<void>((resolve) => {
    let timer = setTimeout(resolve, QUIET);
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, QUIET);
    };
    new MutationObserver(again).observe(document.body, { childList: true, subtree: true, attributes: true });
  });
}

draw()
  .catch((problem: Error) => {
    window.told = { told: [], asked: [], problems: [problem.stack ?? String(problem)] };
  })
  .finally(() => {
    window.drawn = true;
  });
