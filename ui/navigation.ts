/**
 * Where the page is: the path and what stands behind the `?`, both to be shared. Links are followed without loading the page anew. A
 * recording is a file: there the same stands behind the `#`.
 */
import { computed, signal } from '@preact/signals';
import { recordingHead } from './data/recording.ts';
import { type Place, placeIn, type Route, routeOf } from './route.ts';

const isFile = recordingHead !== undefined;
const place = signal<Place>(here());

export const route = computed<Route>(() => routeOf(place.value.path));
export const query = computed(() => new URLSearchParams(place.value.search));

/** Goes to a view; within a view, the page stays where it is. */
export function goTo(target: string): void {
  const before = place.value.path;
  history.pushState(null, '', isFile ? `#${target}` : target);
  follow();
  if (place.value.path !== before) scrollTo(0, 0);
}

/** Changes what stands behind the `?`; it is no step back of its own. @param changes null takes a name out */
export function setQuery(changes: Readonly<Record<string, string | null>>): void {
  const target = addressWith(changes);
  history.replaceState(null, '', isFile ? `#${target}` : target);
  follow();
}

/** The address of this view with something else behind the `?`. @param changes null takes a name out */
export function addressWith(changes: Readonly<Record<string, string | null>>): string {
  const next = new URLSearchParams(place.value.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return `${place.value.path}${text === '' ? '' : `?${text}`}`;
}

/** Begins to listen to the browser's buttons and to clicks on links. */
export function startNavigation(): void {
  addEventListener('popstate', follow);
  addEventListener('hashchange', follow);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (link === null || !isPlain || event.defaultPrevented || link.target !== '') return;
    const href = link.getAttribute('href') ?? '';
    // A path of the page has no dot; a file that is saved has one, and what stands on this view begins with a #.
    if (!/^\/(?!\/)[^.]*$/.test(href.split('?')[0] ?? '') || link.hasAttribute('download')) return;
    event.preventDefault();
    goTo(href);
  });
}

function follow(): void {
  // The link that skips to the content leads to no view.
  if (isFile && location.hash === '#main') return;
  const next = here();
  if (next.path !== place.value.path || next.search !== place.value.search) place.value = next;
}

function here(): Place {
  return isFile ? placeIn(location.hash.slice(1)) : { path: location.pathname, search: location.search };
}
