/** What each input has received, for those who watch the job. */
import type { Telemetry } from '../../core/telemetry.ts';

/** Counts what an input receives. */
export interface Traffic {
  received(events: number, bytes: number): void;
}

/** @param input the number of the stream @param name of the input */
export function trafficOf(telemetry: Telemetry, input: number, name: string): Traffic {
  const labels = { input: `${input}`, name };
  const deliveries = telemetry.counter('received_deliveries', { help: 'requests and fetches received', labels });
  const events = telemetry.counter('received_events', { help: 'events received', unit: 'events', labels });
  const bytes = telemetry.counter('received_bytes', { help: 'bytes received, as they came', unit: 'bytes', labels });
  return {
    received(count, size) {
      deliveries.add();
      events.add(count);
      bytes.add(size);
    },
  };
}
