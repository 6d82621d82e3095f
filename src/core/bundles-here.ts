/**
 * Where this thread has loaded bundles from. Each thread loads a bundle from a file of its own for a moment (load/evaluate.ts), and only the
 * thread that has loaded it knows its source map; but a file is named by what is in it, so that a file of another thread is found here.
 */
const urls = new Map<string, string>();

/** Called when a bundle is loaded. @param url of its file */
export function noteBundle(url: string): void {
  urls.set(nameOf(url), url);
}

/** The file from which this thread has loaded what another one has loaded from `url`; undefined: it has not. */
export function bundleHere(url: string): string | undefined {
  return urls.get(nameOf(url));
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
