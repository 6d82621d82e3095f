/** Components as a user writes them, as the texts of files. */

/** Brings lines, one event each, and ends. */
export const LINES = `
import { defineSource, deliver, int, names } from 'streamjob/agent';

export default defineSource({
  type: 'lines',
  doc: 'brings words',
  delivery: 'Each word once.',
  fields: {
    words: names({ doc: 'what it brings', required: true }),
    batchSize: int({ unit: 'events', doc: 'events per batch', default: 2, min: 1 }),
  },
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  create: ({ batchSize, words }, context) => {
    const stopped = new AbortController();
    let running: Promise<void> | undefined;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => { end = resolve; });
    const run = async (): Promise<void> => {
      for (let i = 0; i < words.length; i += batchSize) {
        const events = words.slice(i, i + batchSize).map((word) => ({ headers: {}, body: Buffer.from(word) }));
        if (!(await deliver(events, context, { first: 50, max: 50 }, stopped.signal))) return;
      }
      end();
    };
    return {
      endless: false,
      start: async () => { running ??= run(); },
      stop: async () => { stopped.abort(); await running; },
      whenEnded: () => ended,
    };
  },
});
`;

/** Names a stage in a header; drops events of a word. */
export const STAGE = `
import { defineInterceptor, text } from 'streamjob/agent';

export default defineInterceptor({
  type: 'stage',
  doc: 'names the stage',
  fields: { stage: text({ doc: 'its name', required: true }), drop: text({ doc: 'a body that is dropped' }) },
  create: ({ drop, stage }) => ({ body, headers }) =>
    Buffer.from(body).toString() === drop ? undefined : { headers: { ...headers, stage }, body },
});
`;

/** Short events go to the first channel, others to the last. */
export const BY_LENGTH = `
import { defineSelector, int } from 'streamjob/agent';

export default defineSelector({
  type: 'by-length',
  doc: 'chooses by the length of bodies',
  fields: { long: int({ unit: 'bytes', doc: 'what is long', default: 4 }) },
  create: ({ long }, { channels }) => {
    const all = [...channels.values()];
    return ({ body }) => ({ required: body.length < long ? all.slice(0, 1) : all.slice(-1), optional: [] });
  },
});
`;

/** Writes bodies in capitals. */
export const SHOUTED = `
import { defineSerializer, text } from 'streamjob/agent';

export default defineSerializer({
  type: 'shouted',
  doc: 'bodies in capitals, with their stage',
  fields: { sign: text({ doc: 'what stands behind', default: '!' }) },
  create: ({ sign }) => () => ({
    begin: () => [Buffer.from('begin\\n')],
    batch: (events) =>
      events.map(({ body, headers }) => Buffer.from(\`\${Buffer.from(body).toString().toUpperCase()}\${sign} \${headers.stage}\\n\`)),
  }),
});
`;

/** Appends bodies to a file, a line each. */
export const APPEND = `
import { appendFileSync } from 'node:fs';
import { defineSink, finish, giveBack, int, takeBatch, text } from 'streamjob/agent';

export default defineSink({
  type: 'append',
  doc: 'appends to a file',
  delivery: 'At least once.',
  fields: {
    file: text({ doc: 'the file', required: true }),
    batchSize: int({ unit: 'events', doc: 'events per transaction', default: 10, min: 1 }),
  },
  create: ({ batchSize, file }, { channel, counters }) => ({
    start: async () => {},
    stop: async () => {},
    process: async () => {
      const batch = takeBatch(channel, batchSize, counters);
      if (batch === undefined) return 'backoff';
      try {
        appendFileSync(file, batch.events.map(({ body }) => \`\${Buffer.from(body).toString()}\\n\`).join(''));
      } catch (error) {
        giveBack(batch.transaction);
        throw error;
      }
      await finish(batch, counters);
      return 'ready';
    },
  }),
});
`;

/** A channel in memory. */
export const QUEUE = `
import { defineChannel, int } from 'streamjob/agent';

export default defineChannel({
  type: 'queue',
  doc: 'a list in memory',
  delivery: 'Lost with the process.',
  fields: { transactionCapacity: int({ unit: 'events', doc: 'events of a transaction', default: 100, min: 1 }) },
  limits: ({ transactionCapacity }) => ({ transactionCapacity }),
  create: ({ transactionCapacity }) => {
    let events = [];
    let wake = [];
    const told = () => { for (const each of wake.splice(0)) each(); };
    return {
      transactionCapacity,
      get size() { return events.length; },
      start: async () => {},
      stop: async () => told(),
      transaction: () => {
        const [puts, takes] = [[], []];
        return {
          state: 'open',
          begin: () => {},
          put: (event) => void puts.push(event),
          take: () => {
            const event = events.shift();
            if (event !== undefined) takes.push(event);
            return event;
          },
          commit: async () => { events.push(...puts.splice(0)); takes.length = 0; told(); },
          rollback: async () => { puts.length = 0; events = [...takes.splice(0), ...events]; told(); },
          close: () => {},
        };
      },
      available: (ms, signal) =>
        events.length > 0 ? Promise.resolve(true) : new Promise((resolve) => {
          const timer = setTimeout(() => resolve(false), Math.min(ms, 1000));
          const done = () => { clearTimeout(timer); resolve(events.length > 0); };
          wake.push(done);
          signal?.addEventListener('abort', done, { once: true });
        }),
      whenEmpty: async () => { while (events.length > 0) await new Promise((resolve) => setTimeout(resolve, 10)); },
    };
  },
});
`;
