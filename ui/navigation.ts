/** Where the page is: the path and what stands behind the `?`, both to be shared. Links are followed without loading the page anew. */
import { computed, signal } from '@preact/signals';
import { type Route, routeOf } from './route.ts';

const path = signal(location.pathname);
const search = signal(location.search);

export const route = computed<Route>(() => routeOf(path.value));
export const query = computed(() => new URLSearchParams(search.value));

/** Goes to a view; within a view, the page stays where it is. */
export function goTo(target: string): void {
  const before = path.value;
  history.pushState(null, '', target);
  follow();
  if (path.value !== before) scrollTo(0, 0);
}

/** Changes what stands behind the `?`; it is no step back of its own. @param changes null takes a name out */
export function setQuery(changes: Readonly<Record<string, string | null>>): void {
  history.replaceState(null, '', addressWith(changes));
  follow();
}

/** The address of this view with something else behind the `?`. @param changes null takes a name out */
export function addressWith(changes: Readonly<Record<string, string | null>>): string {
  const next = new URLSearchParams(search.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return `${path.value}${text === '' ? '' : `?${text}`}`;
}

/** Begins to listen to the browser's buttons and to clicks on links. */
export function startNavigation(): void {
  addEventListener('popstate', follow);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (link === null || !isPlain || event.defaultPrevented || link.target !== '') return;
    if (link.origin !== location.origin || link.hash !== '' || link.pathname.includes('.')) return;
    event.preventDefault();
    goTo(link.pathname + link.search);
  });
}

function follow(): void {
  path.value = location.pathname;
  search.value = location.search;
}
