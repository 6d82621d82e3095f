/** The page where there is much of it: 200 batches a second, a thousand operators, the history of a day. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { minuteOf } from '../../src/observe/minutes.ts';
import { slotMsFor, slotsOfMinutes } from '../../ui/chart/buckets.ts';
import { describeUnless } from '../interop/kit/peers.ts';
import { it, type Scene } from '../interop/kit/scene.ts';
import { batchOf, output, stage } from '../unit/observe/spans.ts';
import {
  browserMissing,
  complaintsOf,
  drawnCharts,
  expectText,
  openPage,
  SHOTS,
  shoot,
  startBrowser,
} from './kit/browser.ts';
import { type InProcess, startInProcess } from './kit/in-process.ts';

/** Collects the tasks of the page that kept it busy for more than 50 ms, and how often what a pointer would tell was changed. */
const WATCH = `
  window.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration))))
    .observe({ type: 'longtask', buffered: true });
  window.drawings = 0;
  window.watch = () => new MutationObserver(() => drawings++)
    .observe(document.querySelector('.figures'), { subtree: true, childList: true, characterData: true });`;

/** A page that is watched from its first script on, with its heading. */
async function opened(scene: Scene, browser: Browser | undefined, url: string): Promise<Page> {
  const page = await openPage(browser, scene, url, {}, (each) => each.addInitScript(WATCH));
  await page.locator('h1').waitFor();
  return page;
}

/** Leaves the numbers beside the screenshots: they are of this machine, and no test depends on them. */
async function report(page: Page, name: string): Promise<void> {
  const tasks = (await page.evaluate('longTasks')) as number[];
  const elements = (await page.evaluate('document.querySelectorAll("*").length')) as number;
  mkdirSync(SHOTS, { recursive: true });
  const longest = Math.max(0, ...tasks);
  writeFileSync(
    path.join(SHOTS, `${name}.json`),
    `${JSON.stringify({ longTasks: tasks.length, longestMs: longest, elements })}\n`,
  );
}

/** Views by the links that lead to them. */
async function goThrough(page: Page, ...views: readonly string[]): Promise<void> {
  for (const view of views) {
    await page.getByRole('link', { name: view, exact: true }).first().click();
    await page.getByRole('heading', { level: 1, name: view === 'Overview' ? 'in process' : view }).waitFor();
  }
}

describeUnless(browserMissing, 'the page in a browser', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  it('is usable while 200 batches a second are over', async ({ scene }) => {
    const job = await startInProcess(scene, {
      ...{ cut: 'eager', batchInterval: 1000 },
      build: (numbers) =>
        numbers
          .map((n): [number, number] => [n % 10, 1])
          .reduceByKey((a, b) => a + b)
          .foreachRDD(() => {}),
    });
    let pushed = 0;
    const timer = setInterval(() => {
      job.push([1, 2, 3]);
      pushed += 3;
    }, 5);
    scene.defer(() => clearInterval(timer));
    const { history } = job.observer;
    const page = await opened(scene, browser, job.url);
    const complaints = complaintsOf(page);
    await page.locator('.figures').waitFor();
    await page.evaluate('watch()');
    const before = history.totals.batches;
    await scene.until(() => history.totals.batches > before + 600, '600 batches are over');
    const drawings = (await page.evaluate('drawings')) as number;
    const batches = history.totals.batches - before;
    // What comes in is drawn together: far less often than batches are over.
    expect([drawings > 0, drawings < batches / 5]).toEqual([true, true]);
    await goThrough(page, 'Batches', 'Graph', 'Receivers', 'Log', 'Overview');
    await report(page, 'at-200-batches-a-second');
    clearInterval(timer);
    await scene.until(() => history.totals.acknowledgedEvents === pushed, 'all is acknowledged');
    await expectText(page, pushed.toLocaleString('en-US'));
    expect(complaints).toEqual([]);
  });

  it('is usable with a thousand operators', async ({ scene }) => {
    const job = await manyOperators(scene);
    const { operators } = job.observer.observed;
    expect(operators.length).toBeGreaterThan(1000);
    const boxes = (page: Page): Promise<number> => page.locator('.box').count();
    const page = await opened(scene, browser, `${job.url}/graph`);
    const complaints = complaintsOf(page);
    // What one line has made stands together: an input, ten layers, and the outputs.
    await page.locator('.box-title', { hasText: 'map ×100' }).first().waitFor();
    expect(await boxes(page)).toBeLessThan(30);
    await shoot(page, 'a-thousand-operators');
    await page.getByRole('button', { name: 'each operator' }).click();
    await page.locator('.graph-scroll').waitFor();
    const few = await boxes(page);
    expect([few > 0, few < 200]).toEqual([true, true]);
    const rightmost = page.locator('.graph-scroll');
    const firstShown = await page.locator('.box').first().getAttribute('transform');
    await rightmost.evaluate((element) => {
      (element as unknown as { scrollLeft: number }).scrollLeft = 1e6;
    });
    await scene.until(
      async () =>
        (await page.locator('.box').last().getAttribute('transform')) !== firstShown && (await boxes(page)) < 200,
      'other boxes are drawn',
    );
    await page.getByRole('button', { name: 'all of it' }).click();
    await scene.until(async () => (await boxes(page)) > few, 'more of it is drawn');
    expect((await page.evaluate('document.querySelectorAll("*").length')) as number).toBeLessThan(12_000);
    await report(page, 'a-thousand-operators');
    await expectText(page, `page 1 of ${Math.ceil(operators.length / 25)}`);
    await page.getByRole('searchbox').fill('no such operator');
    await expectText(page, 'No operator has this');
    expect(complaints).toEqual([]);
  });

  it('shows the batches of a day', async ({ scene }) => {
    const job = await startInProcess(scene, { build: (numbers) => numbers.print(), batchInterval: 1000 });
    const now = Math.floor(Date.now() / 60_000) * 60_000;
    const minutes = Array.from({ length: 1439 }, (_, i) => {
      const time = now - (1439 - i) * 60_000;
      const took = i === 700 ? 5000 : 20 + (i % 60);
      const one = minuteOf(batchOf(time, 1, took, [stage(1, 'map', took / 2), output('print-0', took / 2)]));
      // As of a batch in each second.
      return { ...one, batches: 60, events: 600, failures: i === 700 ? 3 : 0 };
    });
    job.observer.minutes.addFormer(minutes);
    job.push([1, 2, 3]);
    await scene.until(() => job.observer.history.totals.acknowledgedEvents === 3, 'the batch is over');
    const page = await opened(scene, browser, job.url);
    const complaints = complaintsOf(page);
    await page.getByRole('button', { name: 'a day' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.search === '?span=day');
    await scene.until(async () => (await drawnCharts(page)) >= 2, 'the charts are drawn');
    const rows = (await (await fetch(`${job.url}/api/v1/applications/in%20process/minutes`)).json()) as typeof minutes;
    expect(rows.length).toBe(1440);
    // The chart of the events says of its bars what REST has in its minutes.
    const slots = 120;
    const slotMs = slotMsFor(24 * 3_600_000, { batchIntervalMs: 60_000, slots, isDense: false });
    const made = slotsOfMinutes(rows, { slotMs, slots: Math.min(slots, Math.ceil((24 * 3_600_000) / slotMs)) });
    const most = Math.max(...made.map(({ events }) => events)).toLocaleString('en-US');
    await page.getByRole('img', { name: `at most ${most} events in a bar` }).waitFor();
    await page.getByRole('img', { name: 'the slowest took 5 s' }).waitFor();
    await shoot(page, 'a-day');
    await report(page, 'a-day');
    await page.getByRole('button', { name: 'an hour' }).click();
    await page.getByRole('img', { name: 'at most 600 events in a bar' }).waitFor();
    expect(complaints).toEqual([]);
  });
});

/** A hundred streams of ten operators each, as a loop makes them. */
function manyOperators(scene: Scene): Promise<InProcess> {
  return startInProcess(scene, {
    batchInterval: 1000,
    build: (numbers) => {
      for (let i = 0; i < 100; i++) {
        let stream = numbers.map((n) => n + i);
        for (let k = 0; k < 9; k++) stream = stream.map((n) => n + 1);
        stream.foreachRDD(() => {});
      }
    },
  });
}
