/** Which view a path shows. */

/** A view; `missing`: the path names none. */
export type View =
  | 'overview'
  | 'batches'
  | 'batch'
  | 'graph'
  | 'receivers'
  | 'agent'
  | 'cluster'
  | 'states'
  | 'tap'
  | 'profile'
  | 'deadletters'
  | 'log'
  | 'settings'
  | 'missing';

export interface Route {
  readonly view: View;
  /** Of a batch, in ms since the epoch. */
  readonly time?: number;
}

const VIEWS: readonly View[] = [
  ...([
    'batches',
    'graph',
    'receivers',
    'agent',
    'cluster',
    'states',
    'tap',
    'profile',
    'deadletters',
    'log',
    'settings',
  ] as const),
];

/** @example routeOf('/batches/1700000000000') // { view: 'batch', time: 1700000000000 } */
export function routeOf(path: string): Route {
  const [first = '', second, ...more] = path.split('/').filter((part) => part !== '');
  if (first === '') return { view: 'overview' };
  if (first === 'batches' && second !== undefined && more.length === 0 && /^\d{1,16}$/.test(second)) {
    return { view: 'batch', time: Number(second) };
  }
  const view = VIEWS.find((one) => one === first);
  return { view: view === undefined || second !== undefined ? 'missing' : view };
}

/** The path of a batch. @param time in ms since the epoch */
export function batchPath(time: number): string {
  return `/batches/${time}`;
}

/** A path, and what stands behind the `?` with it. */
export interface Place {
  readonly path: string;
  readonly search: string;
}

/** @example placeIn('/graph?batch=7') // { path: '/graph', search: '?batch=7' } */
export function placeIn(address: string): Place {
  const at = address.indexOf('?');
  const path = at < 0 ? address : address.slice(0, at);
  return { path: path.startsWith('/') ? path : '/', search: at < 0 ? '' : address.slice(at) };
}
