/**
 * What the page knows of the job. It listens to the job's events (/api/v1/events): an overview once a second, and each batch that is over.
 * With each overview it asks for what else has changed in the timeline. What came in is shown at most four times a second, with a frame
 * of the browser. When the job does not answer, what is known stays, and the page tries again, less and less often.
 */
import { computed, type Signal, signal } from '@preact/signals';
import { needsMs } from '../format/time.ts';
import { ask } from './ask.ts';
import { retryDelayMs } from './backoff.ts';
import { askSince, merged } from './batches.ts';
import { recordedJob } from './recording.ts';
import type { Overview, TimelineBatch } from './types.ts';

/** How the page and the job are connected; times are of the browser, in ms since the epoch. */
export type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'lost'; readonly since: number; readonly nextTryAt: number };

const BETWEEN_DRAWINGS_MS = 250;
/** An answer that takes longer is given up; the next overview asks again. */
const LONGEST_ANSWER_MS = 20_000;

export const link: Signal<Link> = signal<Link>({ kind: 'connecting' });
export const overview: Signal<Overview | undefined> = signal<Overview | undefined>(undefined);
/** Oldest first. */
export const batches: Signal<readonly TimelineBatch[]> = signal<readonly TimelineBatch[]>([]);
/** Whether the viewer wants what is shown to stand still. */
export const paused: Signal<boolean> = signal(false);
/** Below which the job's own endpoints are; undefined: the job is not known yet. */
export const jobPath = computed(() => {
  const name = overview.value?.name;
  return name === undefined ? undefined : `/api/v1/applications/${encodeURIComponent(name)}`;
});

/** Whether the times of batches are shown with ms: some are no whole seconds. */
export const timesNeedMs = computed(() => {
  const intervalMs = overview.value?.batchIntervalMs ?? 1000;
  return needsMs(intervalMs) || batches.value.some(({ time }) => time % 1000 !== 0);
});

/** What has come in, shown or not. */
const known: { overview: Overview | undefined; batches: readonly TimelineBatch[] } = {
  overview: undefined,
  batches: [],
};
let news: TimelineBatch[] = [];
let isAsking = false;
/** After which time the timeline has to be asked for; -1: from its begin. */
let since = -1;
let isDrawing = false;
let lastDrawnAt = 0;
let tries = 0;
let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Begins to listen; called again, it tries at once. In a recording there is nothing to listen to. */
export function connect(): void {
  const recorded = recordedJob();
  if (recorded !== undefined) {
    overview.value = recorded.overview;
    batches.value = recorded.batches;
    paused.value = true;
    link.value = { kind: 'open' };
    return;
  }
  clearTimeout(retry);
  source?.close();
  const opened = new EventSource('/api/v1/events');
  source = opened;
  opened.addEventListener('overview', (event: MessageEvent<string>) => {
    tries = 0;
    if (link.value.kind !== 'open') link.value = { kind: 'open' };
    takeOverview(JSON.parse(event.data) as Overview);
  });
  opened.addEventListener('batch', (event: MessageEvent<string>) => {
    news.push(JSON.parse(event.data) as TimelineBatch);
    draw();
  });
  opened.addEventListener('error', () => {
    opened.close();
    tries++;
    const now = Date.now();
    const delay = retryDelayMs(tries);
    link.value = { kind: 'lost', since: link.value.kind === 'lost' ? link.value.since : now, nextTryAt: now + delay };
    retry = setTimeout(connect, delay);
  });
}

/** Stops or goes on to show what comes in. */
export function setPaused(isPaused: boolean): void {
  paused.value = isPaused;
  draw();
}

function takeOverview(next: Overview): void {
  const isAnother = known.overview !== undefined && known.overview.startedAt !== next.startedAt;
  if (isAnother) {
    known.batches = [];
    news = [];
    since = -1;
  }
  known.overview = next;
  draw();
  void askForTimeline(next);
}

async function askForTimeline({ name, startedAt }: Overview): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  // Where there is no answer, the stream of events tells that the job is gone.
  const path = `/api/v1/applications/${encodeURIComponent(name)}/timeline?since=${since}`;
  const answer = await ask<readonly TimelineBatch[]>(path, AbortSignal.timeout(LONGEST_ANSWER_MS));
  isAsking = false;
  // Meanwhile another job may have taken the place of the one that was asked.
  if (answer?.value === undefined || known.overview?.startedAt !== startedAt) return;
  known.batches = merged(merged(known.batches, news.splice(0)), answer.value, since);
  since = askSince(answer.value, since);
  draw();
}

/** Shows what is known with one of the next frames. */
function draw(): void {
  if (isDrawing) return;
  isDrawing = true;
  const wait = Math.max(0, lastDrawnAt + BETWEEN_DRAWINGS_MS - performance.now());
  setTimeout(() => requestAnimationFrame(show), wait);
}

function show(): void {
  isDrawing = false;
  lastDrawnAt = performance.now();
  if (news.length > 0) known.batches = merged(known.batches, news.splice(0));
  if (paused.value) return;
  overview.value = known.overview;
  batches.value = known.batches;
}
