/** Endpoints about what operators keep of keys. */
import type { ObservedState } from '../observed.ts';
import type { Observer } from '../observer.ts';
import type { WeighedState } from '../states.ts';
import { BadRequest, NotFound } from './spark.ts';

/** How many points of growth are told. */
const POINTS = 120;

/** `…/states`: operators that keep something of keys. */
export function states({ growth, observed }: Observer): object[] {
  const samples = observed.telemetry.samples();
  const now = observed.clock.now();
  const sites = new Map(observed.operators.map(({ id, site }) => [id, site]));
  const read = (name: string, operator: string): number | null => {
    const value = samples.find((sample) => sample.name === name && sample.labels?.['operator'] === operator)?.value;
    return value === undefined || Number.isNaN(value) ? null : value;
  };
  return observed.states().map(({ kind, name, operator }) => {
    const mark = read('watermark_timestamp_seconds', name);
    const watermark = mark === null ? null : Math.round(mark * 1000);
    const series = growth.of(name);
    const every = Math.ceil(series.length / POINTS);
    return {
      operator: name,
      id: operator,
      kind,
      site: sites.get(operator) ?? null,
      keys: read('state_keys', name) ?? 0,
      keysPerMinute: growth.perMinute(name),
      growth: series.filter((_, i) => (series.length - 1 - i) % every === 0),
      watermark,
      watermarkGapMs: watermark === null ? null : now - watermark,
      lateValues: read('values_late', name),
      wrongTimes: read('values_wrong_time', name),
    };
  });
}

/** `…/windows`: operators with a window by arrival. */
export function windows({ observed }: Observer): object[] {
  const remembered = new Map(observed.remembered().map(({ batches, operator }) => [operator, batches]));
  return observed.operators
    .filter(({ windowMs }) => windowMs > 0)
    .map(({ id, name, site, slideMs, windowMs }) => ({
      ...{ id, name, site: site ?? null, windowMs, slideMs },
      batches: remembered.get(id) ?? 0,
    }));
}

/** `…/states/STATE/largest`: all of it is read. @throws NotFound */
export async function largest(observer: Observer, name: string): Promise<WeighedState> {
  return observer.scales.weigh(stateOf(observer, name).name);
}

/** `…/states/STATE/key`. @param text undefined: nobody said which @throws NotFound, BadRequest */
export async function key(observer: Observer, name: string, text: string | undefined): Promise<object> {
  const state = stateOf(observer, name);
  if (text === undefined) throw new BadRequest('say which key: ?key=word, or as JSON: ?key=["a",1]');
  const found = await observer.scales.find(state.name, text);
  if (found === undefined)
    throw new NotFound(`${state.name} keeps nothing of this key; what is no text is asked for as JSON`);
  return found;
}

function stateOf({ observed }: Observer, name: string): ObservedState {
  const states = observed.states();
  const found = states.find((state) => state.name === name);
  if (found !== undefined) return found;
  const there = states.map((state) => state.name).slice(0, 40);
  throw new NotFound(
    `there is no state ${name.slice(0, 100)}; ${there.length === 0 ? 'no operator keeps one' : `there are ${there.join(', ')}`}`,
  );
}
