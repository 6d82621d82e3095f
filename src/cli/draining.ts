/** How far a graceful stop is: events that were received and have not committed, and those in the channels of the agent. */
import { every } from '../core/machine.ts';
import { beginWork, type TelemetryRegistry } from '../core/telemetry.ts';
import type { Observed } from '../observe/observed.ts';

const LOOK_MS = 200;

/** Events that are on their way to a commit. */
export function eventsOnTheWay({ flow }: Pick<Observed, 'flow'>): number {
  const on = flow();
  if (on === undefined) return 0;
  return on.receiving.events + on.waiting.events + on.cut.events + (on.running?.events ?? 0);
}

/** Events in the channels of the embedded agent. */
export function eventsInChannels(telemetry: TelemetryRegistry): number {
  return telemetry
    .samples()
    .filter(({ name }) => name === 'agent_channel_size')
    .reduce((sum, { value }) => sum + value, 0);
}

/**
 * Tells how far draining is until it is ended.
 * @param left how many events are left now
 * @returns ends it
 */
export function tellDraining(telemetry: TelemetryRegistry, what: string, left: () => number): () => void {
  const total = left();
  if (total === 0) return () => {};
  const work = beginWork(telemetry, { what, total, unit: 'events' });
  let done = 0;
  const endTimer = every(LOOK_MS, () => {
    // More may come in meanwhile: what was done stays done.
    const now = Math.max(done, total - left());
    work.add(now - done);
    done = now;
  });
  return () => {
    endTimer();
    work.end();
  };
}
