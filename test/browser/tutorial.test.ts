/**
 * The page of the tutorial's job, as docs/tutorial.md shows it. With TUTORIAL_PICTURES=1 the pictures of that page are made anew:
 * TUTORIAL_PICTURES=1 npm run test:browser -- tutorial
 */
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { RpcClient } from '../../src/agent/rpc-client.ts';
import { blocksOf } from '../docs/blocks/block.ts';
import { describeUnless, repository } from '../interop/kit/peers.ts';
import { it, type Scene } from '../interop/kit/scene.ts';
import { pageOf, startStreamjob } from '../interop/kit/streamjob.ts';
import { freePort } from '../kit/ports.ts';
import { browserMissing, complaintsOf, expectText, startBrowser } from './kit/browser.ts';

const DOCS = path.join(repository, 'docs');
/** A page is read over slow lines, too. */
const MOST_BYTES = 150_000;
const LINE = 'to be or not to be that is the question';

/** The job of the page, at a port of its own. */
function jobOf(page: string, file: string, port: number): string {
  const blocks = blocksOf({ name: page, text: readFileSync(path.join(DOCS, page), 'utf8') });
  const block = blocks.find(({ words }) => words['file'] === file);
  if (block === undefined) throw new Error(`${page} has no ${file}`);
  return block.code.replace('41414', `${port}`);
}

/** The job runs, and has committed some batches with data. @returns where its page is */
async function played(scene: Scene): Promise<string> {
  const port = await freePort();
  const file = path.join(scene.directory, 'count.ts');
  // As a reader has it: an ES module, with streamjob installed.
  writeFileSync(path.join(scene.directory, 'package.json'), '{ "type": "module" }');
  mkdirSync(path.join(scene.directory, 'node_modules'));
  symlinkSync(repository, path.join(scene.directory, 'node_modules/streamjob'));
  writeFileSync(file, jobOf('tutorial.md', 'count.ts', port));
  const job = startStreamjob(scene, ['run', file, '--ui-port', '0']);
  const url = await pageOf(scene, job);
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
  scene.defer(() => client.close());
  // Each call comes back when the batch that holds its events has committed: twelve calls are twelve batches.
  for (let i = 1; i <= 12; i++) {
    await client.appendBatch(Array.from({ length: 200 + 40 * (i % 5) }, () => ({ headers: {}, body: LINE })));
  }
  return url;
}

async function keepPicture(page: Page, name: string): Promise<void> {
  const file = path.join(DOCS, `tutorial-${name}.png`);
  if (process.env['TUTORIAL_PICTURES'] !== undefined) await page.screenshot({ path: file });
  expect(statSync(file).size).toBeLessThan(MOST_BYTES);
}

describeUnless(browserMissing, 'in a browser', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  it('the page of the job of the tutorial shows what the tutorial says', async ({ scene }) => {
    const url = await played(scene);
    const context = await browser?.newContext({ viewport: { width: 1120, height: 720 }, colorScheme: 'light' });
    if (context === undefined) throw new Error('there is no browser');
    scene.defer(() => context.close());
    const page = await context.newPage();
    const complaints = complaintsOf(page);

    await page.goto(url);
    // Whether it keeps up, where its events are, and what its peers wait for.
    await expectText(page, /keeping up|idle/);
    for (const step of ['receive', 'block', 'batch', 'stage', 'output', 'commit']) await expectText(page, step);
    await expectText(page, /Batches|batches/);
    await scene.until(async () => (await page.locator('.soon').count()) === 0, 'all of the overview is there');
    await keepPicture(page, 'overview');

    const answer = await fetch(`${url}/api/v1/applications/count/streaming/batches?status=COMPLETED`);
    const batches = (await answer.json()) as { batchId: number; inputSize: number }[];
    const { batchId } = batches.find(({ inputSize }) => inputSize > 0) ?? { batchId: 0 };
    await page.goto(`${url}/batches/${batchId}`);
    // What came in, what its time was spent on, and its outputs.
    for (const text of [/Flume push stream/, /stages/i, /outputs/i, /commit/]) await expectText(page, text);
    await keepPicture(page, 'batch');
    expect(complaints).toEqual([]);
  });
});
