/** The site of the documentation in a browser, as npm run docs:site has built it: search, light and dark, the calculator; nothing from elsewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { OUTPUT, PAGES, target } from '../../docs/site/pages.ts';
import { describeUnless } from '../interop/kit/peers.ts';
import { it, type Scene } from '../interop/kit/scene.ts';
import { browserMissing, complaintsOf, openPage, startBrowser } from './kit/browser.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};
const missing = existsSync(path.join(OUTPUT, 'index.html')) ? browserMissing : 'no site: npm run docs:site builds it';

/** Serves the files. @returns the address */
async function serve(scene: Scene): Promise<string> {
  const server = createServer((request, response) => {
    const asked = decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname);
    const file = path.join(OUTPUT, asked.endsWith('/') ? `${asked}index.html` : asked);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.setHeader('content-type', TYPES[path.extname(file)] ?? 'text/plain; charset=utf-8');
    response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.defer(() => void server.close());
  scene.defer(() => void server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describeUnless(missing, 'in a browser', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  /** A page whose complaints, and whose requests to elsewhere, are noted. */
  async function opened(scene: Scene, url: string, colorScheme: 'light' | 'dark'): Promise<[Page, string[]]> {
    let complaints: string[] = [];
    const page = await openPage(browser, scene, url, { colorScheme }, (each) => {
      complaints = complaintsOf(each);
      each.on('request', (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
          complaints.push(`loads ${request.url()}`);
      });
    });
    return [page, complaints];
  }

  it('every page of the documentation opens, in light and in dark, without a complaint', async ({ scene }) => {
    const url = await serve(scene);
    const backgrounds = new Set<string>();
    for (const scheme of ['light', 'dark'] as const) {
      const [page, complaints] = await opened(scene, url, scheme);
      backgrounds.add(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      for (const name of PAGES) {
        await page.goto(`${url}/${target(name).replace(/\.md$/, '.html')}`);
        await page.locator('main h1').waitFor();
      }
      expect(complaints).toEqual([]);
    }
    expect(backgrounds.size).toBe(2);
  });

  it('the search finds an option, and leads to it', async ({ scene }) => {
    const url = await serve(scene);
    const [page, complaints] = await opened(scene, url, 'light');
    const input = page.locator('.VPLocalSearchBox input');
    // The button is there before its script.
    await scene.until(async () => {
      if ((await input.count()) === 0) await page.locator('#local-search button').click();
      return (await input.count()) > 0;
    }, 'the search is open');
    await input.fill('peerRequestTimeout');
    const found = page.locator('.VPLocalSearchBox a.result[href*="options.html#flumestream"]');
    await found.waitFor();
    await found.click();
    // The site goes there without loading a page anew.
    await scene.until(() => page.url().endsWith('/options.html#flumestream'), 'the option is shown');
    expect(complaints).toEqual([]);
  });

  it('the calculator of the page on sizing says what bounds a load', async ({ scene }) => {
    const url = await serve(scene);
    const [page, complaints] = await opened(scene, url, 'light');
    await page.goto(`${url}/sizing.html`);
    const said = page.locator('.sizing output');
    await said.getByText('It does not keep up').waitFor();
    expect(await said.textContent()).toContain('1,000 events/s at most, bounded by the sinks');
    await page.getByLabel('sinks', { exact: true }).fill('6');
    await said.getByText('It keeps up').waitFor();
    expect(await said.textContent()).toContain('6,000 events/s at most');
    expect(complaints).toEqual([]);
  });
});
