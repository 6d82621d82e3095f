/** The views that look into a job that runs: taps, states, profiles. */
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { describeUnless } from '../interop/kit/peers.ts';
import { it, type Scene } from '../interop/kit/scene.ts';
import { pageOf, startStreamjob } from '../interop/kit/streamjob.ts';
import {
  browserMissing,
  complaintsOf,
  drawnCharts,
  expectText,
  openPage,
  type PageLook,
  scrollsSideways,
  shoot,
  startBrowser,
  violationsOf,
} from './kit/browser.ts';

const JOB = path.join(import.meta.dirname, 'kit/inside-job.ts');
const API = '/api/v1/applications/looked%20into';

const LOOKS: readonly (readonly [string, PageLook])[] = [
  ['1280-light', {}],
  ['768-dark', { width: 768, colorScheme: 'dark' }],
  ['360-light', { width: 360 }],
];

async function urlOf(scene: Scene, flags: readonly string[] = []): Promise<string> {
  const job = startStreamjob(scene, ['run', JOB, '--ui-port', '0', '--checkpoint-dir', 'false', ...flags]);
  return await pageOf(scene, job);
}

/** Nothing of the page keeps people from using it, at this size. */
async function expectUsable(page: Page, name: string): Promise<void> {
  await shoot(page, name);
  expect([name, await scrollsSideways(page)]).toEqual([name, false]);
  expect([name, await violationsOf(page)]).toEqual([name, []]);
}

describeUnless(browserMissing, 'inside a job, in a browser', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  it('a tap shows values of the operator that is chosen, and ends with the view', async ({ scene }) => {
    const url = await urlOf(scene);
    for (const [name, look] of LOOKS) {
      const page = await openPage(browser, scene, `${url}/graph`, look);
      const complaints = complaintsOf(page);
      await page.getByRole('link', { name: 'Look at them' }).nth(1).click();
      await page.waitForURL(/\/tap\?operator=1$/);
      await expectText(page, /"word":"often","letters":5/);
      await page.locator('button[aria-pressed]').click();
      await expectUsable(page, `tap-${name}`);
      await page.locator('button[aria-pressed]').click();
      const { operators } = (await (await fetch(`${url}${API}/graph`)).json()) as { operators: { name: string }[] };
      await page.getByLabel('Look at').selectOption({ index: 1 });
      await expectText(page, `What ${operators[0]?.name} gives`);
      expect(complaints).toEqual([]);
      await page.context().close();
    }
  });

  it('a state shows its keys and their growth, one key, and the largest ones', async ({ scene }) => {
    const url = await urlOf(scene);
    await scene.until(async () => {
      const [state] = (await (await fetch(`${url}${API}/states`)).json()) as { keys: number; growth: unknown[] }[];
      return state?.keys === 51 && state.growth.length >= 2;
    }, 'all words have come');
    for (const [name, look] of LOOKS) {
      const page = await openPage(browser, scene, `${url}/states`, look);
      const complaints = complaintsOf(page);
      await page.getByRole('link', { name: 'updateStateByKey-0' }).click();
      await scene.until(async () => (await drawnCharts(page)) >= 1, 'the growth is drawn');
      await page.getByLabel('Key', { exact: true }).fill('often');
      await page.keyboard.press('Enter');
      await page.getByRole('table', { name: 'The key' }).getByText('often').waitFor();
      await page.getByRole('button', { name: 'Weigh all keys' }).click();
      await page
        .getByRole('table', { name: 'The largest keys' })
        .getByText(/^word-\d+$/)
        .first()
        .waitFor();
      await expectText(page, 'Batches remembered');
      await expectUsable(page, `states-${name}`);
      expect(complaints).toEqual([]);
      await page.getByLabel('Key', { exact: true }).fill('never');
      await page.keyboard.press('Enter');
      await expectText(page, /keeps nothing of this key/);
      await page.context().close();
    }
  });

  it('a profile names the functions of the job with their lines, for each thread', async ({ scene }) => {
    const url = await urlOf(scene, ['--engine', 'threads', '--parallelism', '2']);
    const page = await openPage(browser, scene, `${url}/profile`);
    const complaints = complaintsOf(page);
    await page.getByLabel('For').selectOption('2');
    await page.getByRole('button', { name: 'Watch now' }).click();
    await expectText(page, 'Thread main');
    await expectText(page, 'Thread streamjob-0');
    const worker = page.getByRole('table', { name: /Functions of thread streamjob-[01]/ });
    await worker.getByText('spellSlowly').first().waitFor();
    await worker
      .getByText(/test\/browser\/kit\/inside-job\.ts:1[2-6]$/)
      .first()
      .waitFor();
    await page
      .getByRole('button', { name: /^spellSlowly at/ })
      .first()
      .click();
    await expectText(page, /^spellSlowly: .* of it in itself/);
    await expectUsable(page, 'profile-1280-light');
    await page.setViewportSize({ width: 360, height: 800 });
    await expectUsable(page, 'profile-360-light');
    expect(complaints).toEqual([]);
  });
});
