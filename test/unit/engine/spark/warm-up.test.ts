/** What a driver does before its first batch, with a cluster that answers what the test says. */
import { afterEach, describe, expect, it } from 'vitest';
import { StreamjobError } from '../../../../src/core/errors.ts';
import type { Logger } from '../../../../src/core/log.ts';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { packError } from '../../../../src/engine/crew/messages.ts';
import { membersOf } from '../../../../src/engine/spark/node-work.ts';
import { END, packed, type Row } from '../../../../src/engine/spark/rows.ts';
import { StageWorker } from '../../../../src/engine/spark/stage-worker.ts';
import { type WarmUp, warmUp } from '../../../../src/engine/spark/warm-up.ts';
import type { TaskEnd } from '../../../../src/engine/spark/work.ts';
import { Graph } from '../../../../src/graph/graph.ts';
import { answerOf, takenApart } from '../../../kit/spark-plan.ts';

const answer = (rows: readonly Row[]): Uint8Array[] => [answerOf(rows)];
const end = (error?: unknown): Row => ({
  ...{ slot: END, tag: 'E' },
  data: packed({ stage: -1, error: error === undefined ? undefined : packError(error) }),
});

interface Said {
  readonly level: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly text: string;
}

function parts(own: Partial<WarmUp>): { readonly parts: WarmUp; readonly said: Said[] } {
  const said: Said[] = [];
  const at =
    (level: string) =>
    (figures: Said['figures'], text: string): void => {
      said.push({ level, figures, text });
    };
  const log = { info: at('info'), warn: at('warn') } as unknown as Logger;
  const usual: WarmUp = {
    ...{ log, overlaps: false, batchMs: 3_600_000, graph: 'same' },
    command: async () => 'worker',
    run: async () => answer([end()]),
    look: (ends: readonly TaskEnd[]) => {
      const failed = ends.find(({ error }) => error !== undefined);
      if (failed !== undefined) throw new Error(failed.error?.message);
    },
  };
  return { parts: { ...usual, ...own }, said };
}

describe('before the first batch', () => {
  let putBack = (): void => {};
  afterEach(() => putBack());

  it('says how long the way takes, and which intervals make sense', async () => {
    const { parts: slow, said } = parts({});
    await warmUp(slow);
    expect(said).toEqual([expect.objectContaining({ level: 'info' })]);
    const { sensibleMs = 0, wayMs = 0 } = said[0]?.figures ?? {};
    expect(sensibleMs).toBeGreaterThan(wayMs);
    expect(sensibleMs % 50).toBe(0);
    expect(said[0]?.text).toContain(`intervals of ${sensibleMs} ms and more`);
  });

  it('warns of an interval that is shorter than the way', async () => {
    const { parts: quick, said } = parts({ batchMs: 1 });
    await warmUp(quick);
    expect(said).toEqual([expect.objectContaining({ level: 'warn' })]);
    expect(said[0]?.text).toContain('batches of 1 ms will wait for each other');
  });

  it('a job that cannot be built on executors is told of', async () => {
    const { parts: broken } = parts({ run: async () => answer([end(new Error('there is no such package'))]) });
    await expect(warmUp(broken)).rejects.toThrow('there is no such package');
  });

  it('a job that builds another graph on executors is told of', async () => {
    const graph = new Graph(1000, () => undefined);
    const run: WarmUp['run'] = async (plan) => {
      const { given } = takenApart(plan);
      const out: Row[] = [];
      const worker = new StageWorker({ graph, accumulators: graph.accumulators, description: 'theirs' }, (row) =>
        out.push(row),
      );
      await worker.take(given.get(0) ?? []);
      worker.end({ lines: [], more: 0 });
      return answer(out);
    };
    const look = (ends: readonly TaskEnd[]): void =>
      void membersOf(ends, { executors: { ended: () => 0 }, places: () => undefined }, undefined);
    await expect(warmUp(parts({ run, look }).parts)).rejects.toMatchObject({ code: 'GRAPH_DIFFERS' });
    await warmUp(parts({ run, look, graph: 'theirs' }).parts);
  });

  it('waits for a core for five minutes, and says so meanwhile', async () => {
    const timers: [ms: number, run: () => void][] = [];
    putBack = replaceMachine({
      ...realMachine,
      after: (ms, run) => {
        timers.push([ms, run]);
        return () => {};
      },
      every: (ms, run) => {
        timers.push([ms, run]);
        return () => {};
      },
    });
    const { parts: full, said } = parts({
      run: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('aborted')));
          for (const [, run] of timers.sort(([a], [b]) => a - b)) run();
        }),
    });
    const waiting = warmUp(full);
    await expect(waiting).rejects.toThrow(StreamjobError);
    await expect(waiting).rejects.toMatchObject({
      code: 'SPARK_FAILED',
      message: expect.stringContaining('5 minutes'),
    });
    expect(timers.map(([ms]) => ms)).toEqual([20_000, 300_000]);
    expect(said).toEqual([expect.objectContaining({ level: 'warn' })]);
    expect(said[0]?.text).toContain('executors with a free core');
  });
});
