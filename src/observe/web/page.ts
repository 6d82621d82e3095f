/** The files of the page: a few that are built with the package. A path names one of them, or the page itself; no path leads elsewhere. */
import { fsSync } from '../../core/machine.ts';
import { OWN_CODE } from '../../core/module-url.ts';

/** A file of the page. */
export interface Asset {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** For the header cache-control. */
  readonly cache: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** All files of the page, in memory. */
export class Page {
  readonly #assets: ReadonlyMap<string, Asset>;

  /** @param assets by their paths, e.g. `/index.html` */
  constructor(assets: ReadonlyMap<string, Asset>) {
    this.#assets = assets;
  }

  /** The page as it was built; without files where the package runs from its sources and nothing was built. */
  static load(directory: URL = new URL('ui/', OWN_CODE)): Page {
    const assets = new Map<string, Asset>();
    for (const name of filesIn(directory)) {
      const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
      if (type === undefined) continue;
      const cache = name === 'index.html' ? 'no-cache' : 'max-age=31536000, immutable';
      assets.set(`/${name}`, { bytes: fsSync.readFileSync(new URL(name, directory)), type, cache });
    }
    return new Page(assets);
  }

  /** What a path of the page leads to: views of the page have paths of their own, without a dot. */
  asset(path: string): Asset | undefined {
    return (
      this.#assets.get(path) ??
      (path.includes('.') || path.startsWith('/api/') ? undefined : this.#assets.get('/index.html'))
    );
  }
}

function filesIn(directory: URL): string[] {
  try {
    return fsSync.readdirSync(directory);
  } catch {
    return [];
  }
}
