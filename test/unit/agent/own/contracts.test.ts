/** The contracts that users run for their own components: one that keeps its promises passes, one that does not fails. */
import { describe, expect, it } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { configured, event, makeChannel } from '../../../../src/agent/contracts/contract.ts';
import { ChannelProcessor } from '../../../../src/agent/runtime/channel-processor.ts';
import type { SinkContext, Source } from '../../../../src/agent.ts';
import {
  defineInterceptor,
  defineSelector,
  defineSerializer,
  defineSink,
  defineSource,
  finish,
  giveBack,
  int,
  takeBatch,
  text,
} from '../../../../src/agent.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import {
  type ContractTest,
  interceptorContract,
  selectorContract,
  serializerContract,
  sinkContract,
  sourceContract,
} from '../../../../src/testing.ts';
import { runContract } from '../contract/entries.ts';

const batchSize = int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 });
const quiet: Source = {
  endless: true,
  start: async () => {},
  stop: async () => {},
  whenEnded: () => new Promise(() => {}),
};

/** @param deliver throws when the events could not be delivered */
const sinkOf = (deliver: (context: SinkContext) => void, giveUp: typeof giveBack) =>
  defineSink({
    type: 'own',
    doc: 'a sink',
    delivery: 'At least once.',
    fields: { batchSize },
    create: (values, context) => ({
      start: async () => {},
      stop: async () => {},
      process: async () => {
        const batch = takeBatch(context.channel, values.batchSize, context.counters);
        if (batch === undefined) return 'backoff';
        try {
          deliver(context);
        } catch (error) {
          giveUp(batch.transaction);
          throw error;
        }
        await finish(batch, context.counters);
        return 'ready';
      },
    }),
  });

const failing = (): Partial<SinkContext> => ({ name: 'broken' });
const deliver = ({ name }: SinkContext): void => {
  if (name === 'broken') throw new Error('nobody there');
};

describe('what keeps its promises passes', () => {
  describe('a source', () => {
    const source = defineSource({
      type: 'own',
      doc: 'a source',
      delivery: 'None.',
      fields: { batchSize },
      create: () => quiet,
    });
    runContract(sourceContract(source, () => ({})));
  });
  describe('a sink', () => {
    runContract(sinkContract(sinkOf(deliver, giveBack), { properties: () => ({}), failing }));
  });
  describe('an interceptor', () => {
    const fields = { stage: text({ doc: 'its name', required: true }) };
    const interceptor = defineInterceptor({
      type: 'own',
      doc: 'an interceptor',
      fields,
      create:
        ({ stage }) =>
        ({ body, headers }) => ({ body, headers: { ...headers, stage } }),
    });
    runContract(interceptorContract(interceptor, () => ({ stage: 'test' })));
  });
  describe('a selector', () => {
    const selector = defineSelector({
      type: 'own',
      doc: 'a selector',
      fields: {},
      create:
        (_values, { channels }) =>
        () => ({ required: [...channels.values()].slice(0, 1), optional: [] }),
    });
    runContract(selectorContract(selector, () => ({})));
  });
  describe('a serializer', () => {
    const serializer = defineSerializer({
      type: 'own',
      doc: 'a serializer',
      fields: {},
      create: () => () => ({ begin: () => [], batch: (events) => events.map(({ body }) => body) }),
    });
    runContract(serializerContract(serializer, () => ({})));
  });
});

describe('an interceptor in the way from a source to its channels', () => {
  it('testcensoringinterceptor/testcensor#99: takes a header away', async () => {
    const censor = defineInterceptor({
      type: 'censor',
      doc: 'takes a header away',
      fields: { header: text({ doc: 'its name', required: true }) },
      create:
        ({ header }) =>
        ({ body, headers }) => ({
          body,
          headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== header)),
        }),
    });
    const channel = makeChannel(memory, {});
    await channel.start();
    const context = { clock: systemClock, log: silentLogger };
    const way = new ChannelProcessor({
      interceptors: [configured(censor.type, { header: 'Bad-Words' }, context)],
      selector: () => ({ required: [channel], optional: [] }),
      channels: [channel],
      log: silentLogger,
    });
    await way.process([event('test', { 'Bad-Words': 'scribe' })]);
    const transaction = channel.transaction();
    transaction.begin();
    expect(transaction.take()).toEqual(event('test'));
    await transaction.rollback();
  });
});

/** The names of the tests that fail. */
async function failures(tests: readonly ContractTest[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of tests) await run().catch(() => failed.push(name));
  return failed;
}

describe('what breaks one fails at that', () => {
  it('a sink that forgets what it could not deliver', async () => {
    const forgets = sinkOf(deliver, (transaction) => void transaction.commit().catch(() => {}));
    const failed = await failures(sinkContract(forgets, { properties: () => ({}), failing }));
    expect(failed).toEqual(['gives events back after a failed delivery']);
  });

  it('an interceptor that changes an event in place', async () => {
    const changes = defineInterceptor({
      type: 'own',
      doc: 'an interceptor',
      fields: {},
      create: () => (event) => Object.assign(event, { body: Buffer.alloc(0) }),
    });
    expect(await failures(interceptorContract(changes, () => ({})))).toHaveLength(10);
  });

  it('a source that does not stop, and says nothing of delivery', async () => {
    const endless = { ...quiet, stop: () => new Promise<void>(() => {}) };
    const stays = defineSource({ type: 'own', doc: 'a source', fields: {}, create: () => endless });
    const tests = sourceContract(stays, () => ({})).filter(({ name }) => !name.startsWith('says whether'));
    expect(await failures(tests)).toEqual([
      'says what it is for, and what it promises of the delivery of events if they are in its hands',
      'stops when it was never started, and twice',
      'stops while its channel takes nothing',
    ]);
  }, 30_000);

  it('a serializer whose files have something in common', async () => {
    let files = 0;
    const counts = defineSerializer({
      type: 'own',
      doc: 'a serializer',
      fields: {},
      create: () => () => ({ begin: () => [Buffer.alloc(files++)], batch: (events) => events.map(({ body }) => body) }),
    });
    expect(await failures(serializerContract(counts, () => ({})))).toEqual(['begins each file by itself, as the same']);
  });
});
