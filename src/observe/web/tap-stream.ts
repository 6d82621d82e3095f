/** Server-sent events of a tap: what an operator gave in each batch. The tap lasts as long as the connection. */

import type { Observer } from '../observer.ts';
import { operatorOf } from '../operators.ts';
import { BadRequest, NotFound } from '../rest/spark.ts';
import { SseQueue, sseText } from './sse.ts';

/** How many may look at once. */
const MOST_LOOKERS = 20;
/** Values a second. */
const STANDARD = 20;
const MOST = 200;

/** @throws NotFound, BadRequest before anything is sent */
export function tapStream(
  observer: Observer,
  {
    operator: asked,
    perSecond: text = String(STANDARD),
  }: { readonly operator: string; readonly perSecond: string | undefined },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const operator = operatorOf(observer.observed.operators, asked);
  if (typeof operator === 'string') throw new NotFound(operator);
  const perSecond = Number(text);
  if (!(Number.isInteger(perSecond) && perSecond >= 0 && perSecond <= MOST)) {
    throw new BadRequest(`values is a whole number from 0 to ${MOST}: how many are shown of a second`);
  }
  if (observer.taps.size >= MOST_LOOKERS)
    throw new BadRequest(`${MOST_LOOKERS} taps are open: that is all there may be`);
  const { id, name, site } = operator;
  const queue = new SseQueue();
  queue.push(sseText('operator', { id, name, site: site ?? null }));
  return tapped(observer, { id, perSecond }, queue, signal);
}

async function* tapped(
  observer: Observer,
  { id, perSecond }: { readonly id: number; readonly perSecond: number },
  queue: SseQueue,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const end = observer.taps.look(id, perSecond, (tap) => queue.push(sseText('tap', tap)));
  try {
    yield* queue.texts(signal);
  } finally {
    end();
  }
}
