/**
 * A Flume with an Avro sink, as the real one was measured: one request in flight; what is not answered within the request timeout, or
 * not with OK, is sent again on a new connection after 5 s; an empty channel is looked at after 1 s, 2 s, up to 5 s.
 */
import type { Events } from './events.ts';
import type { Feed } from './feed.ts';
import { runSender, type SenderSettings } from './sender.ts';

/** How the sink is set. */
export type FlumeSinkSettings = Pick<SenderSettings, 'batchSize' | 'host' | 'port' | 'timeout'>;

/** Runs for ever, in a process of its own. */
export function runFlumeSink(feed: Feed, events: Events, settings: FlumeSinkSettings): Promise<never> {
  return runSender(
    feed,
    { ...settings, pause: 5000, idle: { step: 1000, most: 5000 } },
    {
      sending: (made) => {
        for (const event of made) event.sent++;
      },
      taken: (made) => {
        for (const { id } of made) events.tell(id);
      },
    },
  );
}
