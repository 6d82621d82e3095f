/** What a simulation gives the job that runs in it: where its peers are, stores and a directory to write to. */
import { StreamjobError } from '../../core/errors.ts';
import type { TransactionalStore } from '../../graph/outputs/exactly-once.ts';
import type { HostProcess } from '../../simulation/machine/index.ts';
import type { Database, Transaction } from '../../simulation/world/database.ts';
import type { Users } from '../../simulation/world/faults.ts';

/** Where an output writes in a transaction of a simulated store. */
export interface SimulatedTransaction {
  /** Adds rows: they are there when the transaction commits. @param rows anything; the test reads it as it is */
  insert(...rows: readonly unknown[]): void;
}

/**
 * A simulated store for `exactlyOnce`. It loses nothing that was committed; its calls take time and may fail, and the answer to a
 * commit may be lost.
 */
export interface SimulatedStore extends TransactionalStore<SimulatedTransaction> {
  /**
   * Adds rows at once, and takes no note of the batch: when the output is called again, they are there twice.
   * @param time of the batch, in ms since the epoch
   */
  insert(time: number, ...rows: readonly unknown[]): Promise<void>;
}

/** What a simulation gives the job that runs in it. */
export interface SimulatedWorld {
  /** Where the peers with an Avro sink send to: the port for `ssc.flumeStream`. */
  readonly port: number;
  /** The peers with a Spark sink, as `host:port`: the addresses for `ssc.flumePollingStream`. */
  readonly sinks: readonly string[];
  /** Of the job's disk: where `saveAsTextFiles` may write, and the test finds it (`run.files`, `run.lines`). */
  readonly directory: string;
  /**
   * A store; all runs of the job share it. Each output needs one of its own, so that the test can tell their rows apart.
   * @example counts.foreachRDD(exactlyOnce(world.store('counts'), async (rdd, time, tx) => tx.insert(...(await rdd.collect()))))
   */
  store(name: string): SimulatedStore;
}

/** How often it is looked whether outputs still hang, in ms. */
const HANGS_MS = 50;

/** The store of one run of the job. @internal */
export function simulatedStore(database: Database, name: string, process: HostProcess, users: Users): SimulatedStore {
  const inner = database.storeFor(process, name);
  const open = new WeakMap<SimulatedTransaction, Transaction>();
  const hang = async (): Promise<void> => {
    while (users.hangs) await new Promise<void>((resolve) => void process.after(HANGS_MS, 'user-hangs', resolve));
  };
  return {
    transaction: (work) =>
      inner.transaction(async (own) => {
        const tx: SimulatedTransaction = { insert: (...rows) => void own.rows.push(...rows) };
        open.set(tx, own);
        return work(tx);
      }),
    async claim(tx, batch) {
      const own = open.get(tx);
      if (own === undefined) throw foreign(name);
      const isNew = await inner.claim(own, batch);
      await hang();
      return isNew;
    },
    async insert(time, ...rows) {
      await hang();
      await database.insert(process, name, time, rows);
    },
  };
}

function foreign(name: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `a transaction of another store was given to the store ${name}`, {
    where: 'claim',
    hint: 'call claim with the transaction that the store itself has begun, as exactlyOnce does',
  });
}
