/** The page of a job that a real Flume feeds, as people see it: every view at three sizes, and the figures that REST has. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { startFlume } from '../interop/kit/flume.ts';
import { makeLines, spool } from '../interop/kit/lines.ts';
import { describeUnless, describeWith } from '../interop/kit/peers.ts';
import { it, type Scene } from '../interop/kit/scene.ts';
import { startStreamjob } from '../interop/kit/streamjob.ts';
import { freePort } from '../kit/ports.ts';
import {
  browserMissing,
  complaintsOf,
  drawnCharts,
  expectText,
  scrollsSideways,
  shoot,
  startBrowser,
  violationsOf,
} from './kit/browser.ts';

const JOB = path.join(import.meta.dirname, 'kit/job.ts');
const API = '/api/v1/applications/looked%20at';

/** A job with its Flume. */
interface Stage {
  readonly url: string;
  /** Lets its output go on. */
  readonly open: () => void;
  /** Lets it wait from now on. */
  readonly shut: () => void;
  /** Lets the next batch with data fail once. */
  readonly fail: () => void;
  /** Sends so many events. */
  readonly send: (count: number) => void;
  readonly json: (path: string) => Promise<unknown>;
  readonly kill: () => Promise<void>;
}

async function stage(scene: Scene): Promise<Stage> {
  const port = String(await freePort());
  const flume = await startFlume(scene, { name: 'flume', confs: ['push.conf'], env: { JOB_PORT: port } });
  const [gate, failing] = [path.join(scene.directory, 'gate'), path.join(scene.directory, 'fail')];
  const job = startStreamjob(scene, ['run', JOB, '--ui-port', '0'], {
    ...{ PAGE_JOB_PORT: port, PAGE_JOB_GATE: gate, PAGE_JOB_FAIL: failing },
  });
  const url = await scene.until(
    () => job.log.map((line) => /the job's page: (http:[^"\s]+)/.exec(line)?.[1]).find((found) => found !== undefined),
    'the page is served',
  );
  let files = 0;
  return {
    url,
    open: () => writeFileSync(gate, ''),
    shut: () => rmSync(gate, { force: true }),
    fail: () => writeFileSync(failing, ''),
    send: (count) => spool(flume.work, `${files}.txt`, makeLines(`f${files++}`, count)),
    json: async (asked) => await (await fetch(`${url}${API}${asked}`)).json(),
    kill: () => job.kill(),
  };
}

interface Totals {
  readonly acknowledgedEvents: number;
  readonly failedAttempts: number;
}

/** Waits until so many events are acknowledged. */
async function acknowledged(scene: Scene, { json }: Stage, events: number): Promise<void> {
  await scene.until(async () => {
    const { totals } = (await json('/overview')) as { totals: Totals };
    return totals.acknowledgedEvents === events;
  }, `${events} events are acknowledged`);
}

describeUnless(browserMissing, 'in a browser', () => {
  describeWith(['flume'], 'the page of a job that Flume feeds', () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await startBrowser();
    });
    afterAll(async () => {
      await browser?.close();
    });

    async function opened(
      scene: Scene,
      url: string,
      width = 1280,
      colorScheme: 'light' | 'dark' = 'light',
    ): Promise<Page> {
      const context = await browser?.newContext({ viewport: { width, height: 900 }, colorScheme });
      if (context === undefined) throw new Error('there is no browser');
      scene.defer(() => context.close());
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(url);
      return page;
    }

    it('has every view at three sizes, light and dark, without a complaint', async ({ scene }) => {
      const made = await stage(scene);
      made.open();
      made.send(3000);
      await acknowledged(scene, made, 3000);
      const [{ batchId }] = (await made.json('/streaming/batches?status=COMPLETED')) as [{ batchId: number }];
      const views = ['/', '/batches', `/batches/${batchId}`, '/graph', '/receivers', '/states', '/settings'];
      for (const [width, scheme] of [
        [1280, 'light'],
        [1280, 'dark'],
        [768, 'light'],
        [360, 'dark'],
      ] as const) {
        const page = await opened(scene, made.url, width, scheme);
        const complaints = complaintsOf(page);
        for (const view of views) {
          await page.goto(`${made.url}${view}`);
          await page.locator('h1').waitFor();
          await scene.until(async () => (await page.locator('.soon').count()) === 0, `${view} is loaded`);
          const name = `${view.split('/')[1] || 'overview'}${view.split('/').length > 2 ? '-one' : ''}-${width}-${scheme}`;
          await shoot(page, name);
          expect([name, await scrollsSideways(page)]).toEqual([name, false]);
          expect([name, await violationsOf(page)]).toEqual([name, []]);
        }
        expect(complaints).toEqual([]);
        await page.context().close();
      }
    });

    it('shows the figures that REST has, and its charts are drawn', async ({ scene }) => {
      const made = await stage(scene);
      made.open();
      made.send(5000);
      await acknowledged(scene, made, 5000);
      const page = await opened(scene, made.url);
      await expectText(page, '5,000');
      await scene.until(async () => (await drawnCharts(page)) >= 2, 'the charts are drawn');
      const batches = (await made.json('/streaming/batches')) as { batchId: number; inputSize: number }[];
      const full = batches.find(({ inputSize }) => inputSize > 0);
      const detail = (await made.json(`/batches/${full?.batchId}`)) as { events: number; acknowledged: number };
      await page.goto(`${made.url}/batches/${full?.batchId}`);
      const shown = `${detail.acknowledged.toLocaleString('en-US')} of ${detail.events.toLocaleString('en-US')}`;
      await expectText(page, shown);
      await page.keyboard.press('ArrowLeft');
      await page.waitForURL((url) => url.pathname !== `/batches/${full?.batchId}`);
    });

    it('shows a peer that waits, and after that nobody waits', async ({ scene }) => {
      const made = await stage(scene);
      made.send(1000);
      const peer = await scene.until(async () => {
        const [first] = (await made.json('/peers')) as { peer: string }[];
        return first?.peer;
      }, 'Flume waits');
      const page = await opened(scene, made.url);
      await expectText(page, peer);
      await expectText(page, '1,000 events not yet acknowledged');
      await shoot(page, 'a-peer-waits');
      made.open();
      await acknowledged(scene, made, 1000);
      await page.getByText(peer).waitFor({ state: 'detached' });
    });

    it('shows why a batch failed, as text', async ({ scene }) => {
      const made = await stage(scene);
      made.open();
      made.fail();
      made.send(500);
      await acknowledged(scene, made, 500);
      const batches = (await made.json('/timeline')) as { time: number; failures: number }[];
      const failed = batches.find(({ failures }) => failures > 0);
      const page = await opened(scene, `${made.url}/batches/${failed?.time}`);
      await expectText(page, 'the table is <b>locked</b>');
      await expectText(page, 'USER_FUNCTION');
      await expectText(page, /job\.ts:\d+/);
      await shoot(page, 'a-batch-failed');
    });

    it('says so when the job is gone, and keeps what it has', async ({ scene }) => {
      const made = await stage(scene);
      made.open();
      made.send(200);
      await acknowledged(scene, made, 200);
      const page = await opened(scene, made.url);
      await expectText(page, 'Since the start');
      await made.kill();
      await expectText(page, /The job does not answer since/);
      await expectText(page, 'Since the start');
      await shoot(page, 'the-job-is-gone');
    });
  });
});
