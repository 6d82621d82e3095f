/** Every view at three sizes, light and dark, without a complaint; all of it by the keyboard; and as a recording, without a server. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { describeUnless, describeWith } from '../interop/kit/peers.ts';
import { it, type Scene } from '../interop/kit/scene.ts';
import {
  browserMissing,
  complaintsOf,
  openPage,
  type PageLook,
  scrollsSideways,
  shoot,
  startBrowser,
  violationsOf,
} from './kit/browser.ts';
import { acknowledged, type Stage, stage } from './kit/stage.ts';

/** A job of which each view has something to show. */
async function fullStage(scene: Scene): Promise<Stage & Shown> {
  const made = await stage(scene, { withAgent: true });
  made.open();
  made.fail();
  made.send(3000);
  made.sendLines('poison one', 'poison \u2028 two');
  await acknowledged(scene, made, 3002);
  const batches = (await made.json('/timeline')) as { time: number; failures: number }[];
  const { groups } = (await made.json('/deadletters')) as { groups: { id: string }[] };
  return { ...made, batch: batches.find(({ failures }) => failures > 0)?.time ?? 0, error: groups[0]?.id ?? '' };
}

interface Shown {
  readonly batch: number;
  readonly error: string;
}

function viewsOf({ batch, error }: Shown): readonly string[] {
  const views = ['/', '/batches', `/batches/${batch}`, '/graph', '/receivers', '/agent', '/states', '/tap', '/profile'];
  return [...views, `/deadletters?error=${error}`, '/log', '/settings'];
}

/** The same, with other choices. */
function choicesOf({ batch }: Shown): readonly string[] {
  return ['/?span=day', `/graph?batch=${batch}`];
}

/** Goes to a view as a link does, without loading the page anew. */
async function goWithin(page: Page, view: string): Promise<void> {
  await page.evaluate(`history.pushState(null, '', '${view}'); dispatchEvent(new PopStateEvent('popstate'));`);
}

async function loaded(scene: Scene, page: Page, view: string): Promise<void> {
  await page.locator('h1').waitFor();
  await scene.until(async () => (await page.locator('.soon').count()) === 0, `${view} is loaded`);
}

/** As a file may be called. */
function nameOf(view: string): string {
  return (
    view
      .replace(/\d{6,}|[0-9a-f]{12}/g, 'one')
      .replaceAll(/[^a-z]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'overview'
  );
}

/** Looks at all views of one size, in one theme. */
async function look(
  scene: Scene,
  browser: Browser | undefined,
  made: Stage & Shown,
  sight: Required<PageLook>,
): Promise<void> {
  const page = await openPage(browser, scene, made.url, sight);
  const complaints = complaintsOf(page);
  const isWide = sight.width === 1280;
  for (const view of [...viewsOf(made), ...(isWide ? choicesOf(made) : [])]) {
    if (isWide) await page.goto(`${made.url}${view}`);
    else await goWithin(page, view);
    await loaded(scene, page, view);
    const name = `${nameOf(view)}-${sight.width}-${sight.colorScheme}`;
    await shoot(page, name);
    expect([name, await scrollsSideways(page)]).toEqual([name, false]);
    expect([name, await violationsOf(page)]).toEqual([name, []]);
  }
  expect(complaints).toEqual([]);
  await page.context().close();
}

/** What should be reached by the keyboard, and is not: Tab goes from the link that is the first of the page to the last one. */
async function unreached(page: Page): Promise<string[]> {
  const all = 'a[href], button:not(:disabled), input:not(:disabled), [tabindex="0"]';
  const mark = `(() => {
    const { activeElement: one } = document;
    if (one === document.body || one.hasAttribute('data-reached')) return false;
    one.setAttribute('data-reached', '');
    return true;
  })()`;
  await page.locator('.skip').focus();
  const most = (await page.evaluate(`document.querySelectorAll('${all}').length`)) as number;
  for (let i = 0; i <= most && (await page.evaluate(mark)); i++) await page.keyboard.press('Tab');
  return (await page.evaluate(
    `[...document.querySelectorAll('${all}')].filter((one) => !one.hasAttribute('data-reached') && one.checkVisibility()).map((one) => one.outerHTML.slice(0, 120))`,
  )) as string[];
}

describeUnless(browserMissing, 'in a browser', () => {
  describeWith(['flume'], 'the views of a job that Flume feeds', () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterAll(async () => {
      await browser?.close();
    });

    it('have nothing to complain about at three sizes, light and dark', async ({ scene }) => {
      const made = await fullStage(scene);
      for (const width of [1280, 768, 360]) {
        await Promise.all(
          (['light', 'dark'] as const).map((colorScheme) => look(scene, browser, made, { width, colorScheme })),
        );
      }
    });

    it('are reached by the keyboard, each part of them', async ({ scene }) => {
      const made = await fullStage(scene);
      const page = await openPage(browser, scene, made.url);
      for (const view of viewsOf(made)) {
        await page.goto(`${made.url}${view}`);
        await loaded(scene, page, view);
        await page.getByRole('button', { name: 'Pause' }).click();
        expect([view, await unreached(page)]).toEqual([view, []]);
      }
      // Enter follows links, sorts tables and chooses; focus is on the heading of a view that was gone to.
      await page.goto(`${made.url}/batches`);
      await page.getByRole('link', { name: 'Settings', exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname === '/settings');
      await page.locator('h1:focus').waitFor();
      await page.getByRole('button', { name: 'Value' }).focus();
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.search === '?sort=value');
      await page.locator('th[aria-sort="ascending"]', { hasText: 'Value' }).waitFor();
    });

    it('work in a recording, without a server', async ({ scene }) => {
      const made = await fullStage(scene);
      const first = await openPage(browser, scene, made.url);
      const download = first.waitForEvent('download');
      await first.getByRole('link', { name: 'Save a recording' }).click();
      const file = path.join(scene.directory, 'recording.html');
      await (await download).saveAs(file);
      await made.kill();
      const html = readFileSync(file, 'utf8');
      expect(html).not.toContain('hunter2');
      expect(html).not.toContain('\u2028');
      const page = await openPage(browser, scene, 'about:blank');
      const complaints = complaintsOf(page);
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
      });
      page.on('dialog', (dialog) => {
        complaints.push('a script of the data has run');
        void dialog.dismiss();
      });
      for (const view of [...viewsOf(made), ...choicesOf(made)].filter((one) => !['/tap', '/profile'].includes(one))) {
        await page.goto(`${pathToFileURL(file).href}#${view}`);
        await loaded(scene, page, view);
        await page.getByText('A recording of looked at').waitFor();
        // The log says so for the moment until it has looked.
        const lacks = (): Promise<number> => page.getByText('This is not in the recording').count();
        await scene.until(async () => (await lacks()) === 0, `${view} is in the recording`);
        expect([view, await lacks()]).toEqual([view, 0]);
      }
      for (const name of ['Tap', 'Profile']) {
        await page.getByRole('link', { name, exact: true }).click();
        await page.getByText('This needs the job itself').waitFor();
      }
      expect(await violationsOf(page)).toEqual([]);
      // Links lead from view to view as they do with a server, and back.
      await page.getByRole('link', { name: 'Dead letters', exact: true }).click();
      await page.getByRole('link', { name: '<script>alert(1)' }).click();
      await page.getByText('poison one').waitFor();
      await shoot(page, 'a-recording');
      await page.getByRole('link', { name: 'Batches', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Batches' }).waitFor();
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Dead letters' }).waitFor();
      expect(complaints).toEqual([]);
    });
  });
});
