/** The name that the host interceptor sets. */
import os from 'node:os';
import { expect, test } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { fullName, type Names } from '../../../../src/agent/interceptors/host/own-name.ts';
import { byName } from '../../../../src/agent/interceptors/host.ts';
import type { Interceptor } from '../../../../src/agent/interceptors/interceptor.ts';
import { ChannelProcessor } from '../../../../src/agent/runtime/channel-processor.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { makeChannel } from '../channels/make.ts';

const SYSTEM = os.hostname();

/** A name server. */
function server(addresses: Record<string, string[]>, names: Record<string, string>): Names {
  const found = <T>(value: T | undefined): Promise<T> =>
    value === undefined ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(value);
  return { addresses: (name) => found(addresses[name]), name: (address) => found(names[address]) };
}

const RIGHT = server({ [SYSTEM]: ['10.0.0.1', '10.0.0.2'], 'm.example': ['10.0.0.1'] }, { '10.0.0.1': 'm.example' });

test.each([
  ['the name of its address', RIGHT, 'm.example'],
  [
    'the address when the name leads elsewhere',
    server({ h: ['10.0.0.1'], x: ['10.0.0.9'] }, { '10.0.0.1': 'x' }),
    '10.0.0.1',
  ],
  ['the address when the name leads nowhere', server({ h: ['10.0.0.1'] }, { '10.0.0.1': 'x' }), '10.0.0.1'],
  ['the address when it has no name', server({ h: ['10.0.0.1'] }, {}), '10.0.0.1'],
  ['nothing when it has no address', server({}, {}), undefined],
])('the full name of a machine is %s', async (_what, names, expected) => {
  expect(await fullName(names === RIGHT ? SYSTEM : 'h', names)).toBe(expected);
});

function made(names: Names): { intercept: Interceptor; clock: ManualClock; warnings: string[] } {
  const clock = new ManualClock(0);
  const warnings: string[] = [];
  const log = { ...silentLogger, warn: (_facts: object, message: string) => warnings.push(message) };
  return { intercept: byName('host', false, { clock, log }, names), clock, warnings };
}

/** What is in the channel after the event has gone through. */
async function headersOf(intercept: Interceptor): Promise<Readonly<Record<string, string>> | undefined> {
  const channel = makeChannel(memory, {});
  await channel.start();
  const selector = () => ({ required: [channel], optional: [] });
  const processor = new ChannelProcessor({
    interceptors: [intercept],
    selector,
    channels: [channel],
    log: silentLogger,
  });
  await processor.process([{ headers: {}, body: Buffer.from('a') }]);
  const transaction = channel.transaction();
  transaction.begin();
  const event = transaction.take();
  await transaction.commit();
  transaction.close();
  return event?.headers;
}

test('the first event waits for the name', async () => {
  const { intercept, warnings } = made(RIGHT);
  expect(await headersOf(intercept)).toEqual({ host: 'm.example' });
  expect(warnings).toEqual([]);
});

test('a name server that does not answer is not waited for longer than 5 s, and what it says later does not count', async () => {
  let answer = (_: readonly string[]): void => {};
  const silent: Names = {
    ...RIGHT,
    addresses: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  };
  const { clock, intercept, warnings } = made(silent);
  const headers = headersOf(intercept);
  clock.advance(5000);
  expect(await headers).toEqual({ host: SYSTEM });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('no name for this machine within 5000 ms');
  answer(['10.0.0.1']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await headersOf(intercept)).toEqual({ host: SYSTEM });
});

test('without any address it is the name of the system', async () => {
  const { intercept, warnings } = made(server({}, {}));
  expect(await headersOf(intercept)).toEqual({ host: SYSTEM });
  expect(warnings[0]).toContain('no name for this machine, the header host');
});
