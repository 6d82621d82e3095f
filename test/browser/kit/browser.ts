/** A real Chromium, and what must hold of each page in it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { repository } from '../../interop/kit/places.ts';
import type { Scene } from '../../interop/kit/scene.ts';

/** Screenshots of all views are left here; git ignores it. */
export const SHOTS: string = path.resolve(process.env['SCREENSHOTS'] ?? path.join(repository, '.tmp/screenshots'));

/** The program; undefined where there is none. */
export const chromiumProgram: string | undefined =
  process.env['CHROMIUM'] ?? firstOf('chromium', 'chromium-browser', 'google-chrome');

function firstOf(...names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      return execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** Why there is no browser on this machine; undefined: there is one. */
export const browserMissing: string | undefined = chromiumProgram === undefined ? 'no Chromium' : undefined;

/** Starts it. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: chromiumProgram ?? '',
    // CI runs as root, in which Chromium has no sandbox, and has little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

/** How a page is looked at. */
export interface PageLook {
  /** Of the window, in pixels. Default: 1280. */
  readonly width?: number;
  /** Default: 'light'. */
  readonly colorScheme?: 'light' | 'dark';
}

/** Opens a page of its own, which is closed with the scene. @param prepare is called before anything is loaded */
export async function openPage(
  browser: Browser | undefined,
  scene: Scene,
  url: string,
  { colorScheme = 'light', width = 1280 }: PageLook = {},
  prepare: (page: Page) => unknown = () => {},
): Promise<Page> {
  const context = await browser?.newContext({ viewport: { width, height: 900 }, colorScheme });
  if (context === undefined) throw new Error('there is no browser');
  scene.defer(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await prepare(page);
  await page.goto(url);
  return page;
}

/** What a page has complained about: errors of its scripts, of the console, and answers that are none. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  return complaints;
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds that keeps people from using the page. */
export async function violationsOf(page: Page): Promise<string[]> {
  const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`);
  const { violations } = found as { violations: { id: string; nodes: { html: string }[] }[] };
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** Whether the page is wider than its window. */
export async function scrollsSideways(page: Page): Promise<boolean> {
  return await page.evaluate('document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth + 1');
}

/** How many canvases of the page have been drawn on. */
export async function drawnCharts(page: Page): Promise<number> {
  return await page.evaluate(`[...document.querySelectorAll('canvas')].filter((canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) return true;
    return false;
  }).length`);
}

/** Leaves a picture of the whole page. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
}

/** Waits for a text on the page. */
export async function expectText(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor({ timeout: 20_000 });
  expect(await page.getByText(text).count()).toBeGreaterThan(0);
}
