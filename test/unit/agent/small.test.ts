/** What interceptors, the logger sink's format, and the optional channels of a source promise. */
import { describe, expect, it } from 'vitest';
import { memory } from '../../../src/agent/channels/memory.ts';
import { interceptors } from '../../../src/agent/interceptors/index.ts';
import { ChannelProcessor } from '../../../src/agent/runtime/channel-processor.ts';
import { formatEvent } from '../../../src/agent/sinks/logger.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { PlainEvent } from '../../../src/core/event.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { configured, makeChannel } from './channels/make.ts';
import { event, takeAll } from './channels/use.ts';

const intercept = (
  type: string,
  properties: Record<string, string | boolean>,
  headers: Record<string, string> = {},
): PlainEvent['headers'] | undefined =>
  configured(interceptors.get(type), properties, { clock: new ManualClock(1234), log: silentLogger })(
    event('x', headers),
  )?.headers;

describe('interceptors', () => {
  it('set their header, and keep one that is there only when told or by default as Flume', () => {
    expect(intercept('timestamp', {})).toEqual({ timestamp: '1234' });
    expect(intercept('timestamp', {}, { timestamp: '1' })).toEqual({ timestamp: '1234' });
    expect(intercept('timestamp', { headerName: 't', preserveExisting: true }, { t: '1' })).toEqual({ t: '1' });
    expect(intercept('static', {}, { key: 'old' })).toEqual({ key: 'old' });
    expect(intercept('static', { key: 'a', value: 'b', preserveExisting: false }, { a: 'old' })).toEqual({ a: 'b' });
    expect(intercept('host', { useIP: false, hostHeader: 'h' })).toEqual({ h: expect.stringMatching(/./) });
    expect(intercept('org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder', { prefix: 'p-' })).toEqual({
      id: expect.stringMatching(/^p-[0-9a-f-]{36}$/),
    });
  });
});

describe('the logger sink', () => {
  it("writes events in Flume's format", () => {
    expect(formatEvent(event('hi', { a: '1', b: '2' }), 16)).toBe(
      `Event: { headers:{a=1, b=2} body: ${'68 69 '.padEnd(48)}hi }`,
    );
    expect(formatEvent(event(''), 16)).toBe('Event: { headers:{} body: }');
    expect(formatEvent(event('hello'), 2)).toBe(`Event: { headers:{} body: ${'68 65 '.padEnd(48)}he }`);
    expect(formatEvent(event('0123456789abcdef\n'), 64)).toContain(`00000010 ${'0A '.padEnd(48)}.`);
  });
});

describe('a source with two channels', () => {
  it('fails with a required channel, and not with an optional one', async () => {
    const channel = async (capacity: number): Promise<ReturnType<typeof makeChannel>> => {
      const made = makeChannel(memory, { capacity, transactionCapacity: 1, 'keep-alive': 0 });
      await made.start();
      return made;
    };
    const [good, full] = [await channel(10), await channel(1)];
    const parts = { interceptors: [], channels: [good, full], log: silentLogger };
    const strict = new ChannelProcessor({ ...parts, selector: () => ({ required: [good, full], optional: [] }) });
    const lenient = new ChannelProcessor({ ...parts, selector: () => ({ required: [good], optional: [full] }) });
    await strict.process([event('a')]);
    await expect(strict.process([event('b')])).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await lenient.process([event('c')]);
    expect([...(await takeAll(good, 1)), ...(await takeAll(good, 1)), ...(await takeAll(good, 1))]).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(await takeAll(full, 1)).toEqual(['a']);
  });
});
