/** The line at the bottom of a terminal. */
import { expect, it } from 'vitest';
import { StatusLine } from '../../../src/cli/report.ts';

const batch = (time: number, events: number) => ({
  ...{ time, events, schedulingDelayMs: 1, processingMs: 2, totalDelayMs: 3, outputs: [], acked: events },
});

function line(isTTY: boolean, columns = 200) {
  let text = '';
  const out = {
    isTTY,
    columns,
    write: (more: string) => {
      text = more;
      return true;
    },
  };
  return { status: new StatusLine(out as unknown as NodeJS.WriteStream), text: () => text.replace(/^.*K/s, '') };
}

it('says how many, how fast, how late, what peers wait for, and whether the job keeps up', () => {
  const { status, text } = line(true);
  status.show(batch(1000, 5));
  expect(text()).toBe('1 batches | 5 events (5/s) | delay 3 ms');
  status.summary = () => ({ verdict: 'keeping up: a batch waits 1 ms for its turn', heldEvents: 7 });
  for (let i = 2; i <= 40; i++) status.show(batch(i * 1000, 100));
  expect(text()).toBe(
    '40 batches | 3905 events (100/s) | delay 3 ms | 7 not yet acknowledged | keeping up: a batch waits 1 ms for its turn',
  );
});

it('fits the terminal, and is nowhere else', () => {
  const narrow = line(true, 30);
  narrow.status.show(batch(1000, 5));
  expect(narrow.text()).toBe('1 batches | 5 events (5/s) | ');
  const narrowest = line(true, 8);
  narrowest.status.show(batch(1000, 5));
  expect(narrowest.text()).toBe('1 batch');
  // A terminal that does not say how large it is.
  const unknown = line(true, 0);
  unknown.status.show(batch(1000, 5));
  expect(unknown.text()).toBe('1 batches | 5 events (5/s) | delay 3 ms');
  const piped = line(false);
  piped.status.show(batch(1000, 5));
  piped.status.clear();
  expect(piped.text()).toBe('');
});
