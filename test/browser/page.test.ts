/** The page of a job that a real Flume feeds: its figures are those of REST, and it shows what happens. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { describeUnless, describeWith } from '../interop/kit/peers.ts';
import { it } from '../interop/kit/scene.ts';
import { browserMissing, drawnCharts, expectText, openPage, shoot, startBrowser } from './kit/browser.ts';
import { acknowledged, stage } from './kit/stage.ts';

interface Load {
  readonly operators: readonly { readonly gave: number | null }[];
  readonly bottleneck: { readonly text: string } | null;
}

interface Agent {
  readonly components: readonly {
    readonly kind: string;
    readonly state: string;
    readonly counters: Readonly<Record<string, number>>;
    readonly files: readonly { readonly file: string }[];
  }[];
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

    it('shows the figures that REST has, and its charts are drawn', async ({ scene }) => {
      const made = await stage(scene);
      made.open();
      made.send(5000);
      await acknowledged(scene, made, 5000);
      const page = await openPage(browser, scene, made.url);
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

    it('says how many events go where, of now and of a batch, as REST does', async ({ scene }) => {
      const made = await stage(scene);
      made.open();
      // Values within a stage are counted from the first look on.
      await made.json('/graph/load');
      made.send(2000);
      await acknowledged(scene, made, 2000);
      const batches = (await made.json('/timeline')) as { time: number; events: number }[];
      const full = batches.findLast(({ events }) => events > 0);
      // The first answer about the history does not arrive: the next one has all of it.
      const page = await openPage(browser, scene, `${made.url}/graph?batch=${full?.time}`, {}, (opened) =>
        opened.route('**/timeline?*', (route) => route.abort(), { times: 1 }),
      );
      const load = (await made.json(`/graph/load?batch=${full?.time}`)) as Load;
      const shown = load.operators.map(({ gave }) => gave?.toLocaleString('en-US') ?? '–');
      expect(shown[0]).toBe(full?.events.toLocaleString('en-US'));
      const rows = page.getByRole('table', { name: 'Operators' }).locator('tbody tr');
      await scene.until(async () => (await rows.count()) === shown.length, 'the operators are listed');
      for (const [at, text] of shown.entries()) await rows.nth(at).getByText(text, { exact: true }).first().waitFor();
      await expectText(page, load.bottleneck?.text.slice(1, 40) ?? 'The batch had no events');
      const slider = page.getByRole('slider');
      // The number of events stands there once the history is known; before that there is nowhere to go.
      await expectText(page, new RegExp(`^batch .*, ${shown[0]} events$`));
      const chosen = await slider.getAttribute('aria-valuetext');
      await slider.focus();
      await page.keyboard.press('ArrowLeft');
      await page.waitForURL((url) => url.searchParams.get('batch') !== String(full?.time));
      expect(await slider.getAttribute('aria-valuetext')).not.toBe(chosen);
      await page.keyboard.press('End');
      await page.waitForURL((url) => url.search === '');
      await expectText(page, 'now: the last seconds');
    });

    it('names an output that holds the job up, while it does', async ({ scene }) => {
      const made = await stage(scene);
      made.send(500);
      const page = await openPage(browser, scene, `${made.url}/graph`);
      await expectText(
        page,
        /A batch runs for .*, longer than the interval of 200 ms, and is at the output foreachRDD-0 at .*job\.ts:\d+/,
      );
      await expectText(page, 'the job is held up');
      await page.locator('.box-holding').waitFor();
      await shoot(page, 'a-bottleneck');
      await page.goto(made.url);
      await page.locator('.bottleneck-line').waitFor();
      made.open();
      await acknowledged(scene, made, 500);
      await page.locator('.bottleneck-line').waitFor({ state: 'detached' });
      await page.goto(`${made.url}/graph`);
      await expectText(page, 'nothing holds the job up');
      await page.getByRole('link', { name: 'batchInterval' }).click();
      await page.waitForURL((url) => url.pathname === '/settings');
      await expectText(page, '200ms');
    });

    it('has the agent, the dead letters, the settings and the log that REST has', async ({ scene }) => {
      const made = await stage(scene, { withAgent: true });
      made.open();
      made.sendLines('poison one', 'poison two', 'fine');
      await acknowledged(scene, made, 3);
      await scene.until(async () => {
        const { components } = (await made.json('/agent')) as Agent;
        const channel = components.find(({ kind }) => kind === 'channel');
        return channel?.counters['ChannelSize'] === 80 && components.some(({ state }) => state === 'failing');
      }, 'the channel is full, and its sink fails');
      const { components } = (await made.json('/agent')) as Agent;
      const page = await openPage(browser, scene, `${made.url}/agent`);
      await expectText(page, '100 % full');
      await expectText(page, 'failing');
      for (const { file } of components.flatMap(({ files }) => files)) await expectText(page, file);
      await page.goto(`${made.url}/deadletters`);
      const { groups } = (await made.json('/deadletters')) as { groups: { message: string; values: number }[] };
      expect(groups).toMatchObject([{ values: 2 }]);
      await page.getByRole('link', { name: '<script>alert(1)' }).click();
      await expectText(page, 'poison two');
      expect(new URL(page.url()).searchParams.get('error')).toMatch(/^[0-9a-f]{12}$/);
      await page.goto(`${made.url}/settings?search=ui-token`);
      await expectText(page, '--ui-token');
      expect(await page.content()).not.toContain('hunter2');
      await page.goto(`${made.url}/log?level=warn`);
      await expectText(page, '2 values were left out');
      expect(await page.locator('.log .tone-quiet').count()).toBe(0);
    });

    it('shows a peer that waits, and after that nobody waits', async ({ scene }) => {
      const made = await stage(scene);
      made.send(1000);
      const peer = await scene.until(async () => {
        const [first] = (await made.json('/peers')) as { peer: string }[];
        return first?.peer;
      }, 'Flume waits');
      const page = await openPage(browser, scene, made.url);
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
      const page = await openPage(browser, scene, `${made.url}/batches/${failed?.time}`);
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
      const page = await openPage(browser, scene, made.url);
      await expectText(page, 'Since the start');
      await made.kill();
      await expectText(page, /The job does not answer since/);
      await expectText(page, 'Since the start');
      await shoot(page, 'the-job-is-gone');
    });
  });
});
