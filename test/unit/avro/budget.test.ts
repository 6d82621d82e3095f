/** The memory for requests that have not arrived whole: it is bounded, and a peer that uses its share comes through. */
import { afterEach, describe, expect, test } from 'vitest';
import { type BudgetShare, MemoryBudget } from '../../../src/avro/budget.ts';
import { FrameDecoder } from '../../../src/avro/frames.ts';
import { encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { call, event, frame, handshake, RawClient } from '../../kit/wire.ts';

const OPEN: AvroRpcServer[] = [];
afterEach(async () => {
  for (const server of OPEN.splice(0)) await server.close();
});

/** Shares by name, with what happened to them. */
function shares(budget: MemoryBudget) {
  const told: string[] = [];
  const silent = new Set<string>();
  const all = new Map<string, BudgetShare>();
  return {
    told,
    silent,
    share: (name: string): BudgetShare => {
      const share = budget.share({
        resume: () => void told.push(`${name} resumes`),
        waitsForPeer: () => silent.has(name),
        close: () => {
          told.push(`${name} closed`);
          all.get(name)?.release();
        },
      });
      all.set(name, share);
      return share;
    },
  };
}

describe('the budget', () => {
  test('everybody reads on up to half of it; then those that want little, and the oldest', () => {
    const budget = new MemoryBudget(1000, new ManualClock(0));
    const { share } = shares(budget);
    const [a, b, c] = [share('a'), share('b'), share('c')];
    expect(a.hold(200, 800)).toBe(true);
    expect(b.hold(200, 800)).toBe(true);
    expect(b.hold(350, 650)).toBe(false);
    expect(a.hold(400, 600)).toBe(true);
    // 500 for three.
    expect(c.hold(10, 166)).toBe(true);
    expect(c.hold(10, 167)).toBe(false);
  });

  test('who waits goes on when there is room', () => {
    const { share, told } = shares(new MemoryBudget(1000, new ManualClock(0)));
    const [a, b] = [share('a'), share('b')];
    a.hold(450, 800);
    expect(b.hold(100, 900)).toBe(false);
    a.hold(0, 0);
    expect(told).toEqual(['b resumes']);
  });

  test('while somebody waits, those whose peers send next to nothing are closed, and no others', () => {
    const clock = new ManualClock(0);
    const { share, told, silent } = shares(new MemoryBudget(100_000, clock));
    const [slow, dripping, quick, good] = [share('slow'), share('dripping'), share('quick'), share('good')];
    slow.hold(30_000, 60_000);
    dripping.hold(20_000, 60_000);
    quick.hold(5000, 60_000);
    silent.add('slow').add('dripping').add('quick');
    expect(good.hold(10, 60_000)).toBe(false);
    for (let i = 1; i <= 4; i++) {
      clock.advance(250);
      dripping.hold(20_000 + i, 60_000);
      quick.hold(5000 + i * 4096, 60_000);
    }
    expect(told.filter((each) => each.includes('closed'))).toEqual(['slow closed']);
    expect(told).toContain('good resumes');
  });

  test('when somebody has waited for two seconds, the waiting one that wants most is closed', () => {
    const clock = new ManualClock(0);
    const { share, told } = shares(new MemoryBudget(1000, clock));
    const [oldest, greedy, good] = [share('oldest'), share('greedy'), share('good')];
    oldest.hold(300, 5000);
    greedy.hold(300, 9000);
    expect(greedy.hold(310, 8990)).toBe(false);
    expect(good.hold(10, 400)).toBe(false);
    clock.advance(1750);
    expect(told).toEqual([]);
    clock.advance(500);
    expect(told).toEqual(['good resumes', 'greedy closed'].toReversed());
  });
});

test('what a decoder holds of an unfinished frame is memory of its own, and counted whole', () => {
  const decoder = new FrameDecoder(1024 * 1024, () => {});
  const bytes = frame(1, Buffer.alloc(500_000, 1));
  for (const byte of bytes.subarray(0, 100))
    decoder.push(Buffer.concat([Buffer.alloc(65_535), Buffer.of(byte)]).subarray(65_535));
  expect(decoder.heldBytes).toBe(1024);
  decoder.push(bytes.subarray(100, 300_000));
  expect(decoder.heldBytes).toBeGreaterThanOrEqual(299_988);
  expect(decoder.heldBytes).toBeLessThanOrEqual(500_000);
  expect(decoder.wantedBytes).toBe(bytes.length - 300_000);
});

test('a good request comes through though others fill the memory with halves of theirs', async () => {
  const { log, lines } = collectingLogger();
  const clock = new ManualClock(0);
  const maxPartialBytes = 1024 * 1024;
  const server = await AvroRpcServer.listen({
    ...{ host: '127.0.0.1', port: 0, protocol: flumeProtocol, owner: 'test', log, clock, maxPartialBytes },
    onRequest: (request) => request.reply(encodeStatus('OK')),
  });
  OPEN.push(server);
  const half = frame(1, handshake(), call('append', event('x'.repeat(400_000)))).subarray(0, 100_000);
  const attackers = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.address.port)));
  for (const { socket } of attackers) socket.write(half);
  await until(() => server.partialBytes > maxPartialBytes / 2);
  const good = await RawClient.connect(server.address.port);
  good.write(frame(1, handshake(), call('append', event('y'.repeat(200_000)))));
  await until(() => {
    // In all, what the peers may take for one request: the handshake and the request have 20 s.
    if (clock.now() < 5000) clock.advance(50);
    return good.replies.length === 1;
  });
  expect(server.partialBytes).toBeLessThanOrEqual(maxPartialBytes);
  expect(lines.map(({ message }) => message).join()).toContain('maxPartialBytes');
  for (const { socket } of attackers) socket.destroy();
});
