/**
 * A simulated database that the job's outputs write to with `exactlyOnce`. It never loses anything. It is as slow as the seed says; a
 * commit that was sent takes effect also when the process that sent it is killed, and its answer may be lost. One row is kept for each
 * output, as `sqlStore` does: its lock makes the next run wait for a commit that is still under way.
 */
import type { OutputBatch } from '../../graph/output-batch.ts';
import type { TransactionalStore } from '../../graph/outputs/exactly-once.ts';
import type { HostProcess } from '../machine/host.ts';
import type { Random } from '../machine/random.ts';
import type { Simulation } from '../machine/simulation.ts';

/** What an output wrote for one batch. */
export interface Written {
  readonly output: string;
  readonly time: number;
  readonly batch: string;
  readonly rows: readonly unknown[];
  /** The process that wrote it: a run of the job. */
  readonly run: number;
  /** When it took effect, in ms of simulated time. */
  readonly at: number;
}

/** A transaction. */
export interface Transaction {
  readonly rows: unknown[];
  /** Whether the client is there: one that is gone is rolled back when the database finds out. */
  client: HostProcess;
  claimed: { readonly batch: OutputBatch; readonly kind: string; readonly isNew: boolean } | undefined;
  state: 'open' | 'committing' | 'over';
}

interface Row {
  last: string | undefined;
  holder: Transaction | undefined;
  readonly waiting: { readonly tx: Transaction; readonly take: () => void }[];
}

/** How long the database takes, in ms. */
const CALL_MS = [0.2, 20] as const;
/** When it finds out that a client is gone, in ms. */
const FINDS_OUT_MS = 1000;
/** After so long without an answer a client gives up, in ms. */
const CLIENT_TIMEOUT_MS = 5000;

/** A simulated database. */
export class Database {
  readonly written: Written[] = [];
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #isAway: () => boolean;
  /** Whether calls fail by chance, too. */
  readonly #fails: boolean;
  readonly #onWritten: (written: Written) => void;
  readonly #rows = new Map<string, Row>();

  /** @param fails whether calls fail by chance, too @param isAway whether every call of a client fails now @param onWritten called when an output's write has taken effect */
  constructor(simulation: Simulation, fails: boolean, isAway: () => boolean, onWritten: (written: Written) => void) {
    this.#simulation = simulation;
    this.#random = simulation.random.fork('database');
    this.#isAway = isAway;
    this.#fails = fails;
    this.#onWritten = onWritten;
  }

  /** The store of one process. @param kind of the output that writes with it: its rows are told apart by it */
  storeFor(client: HostProcess, kind: string): TransactionalStore<Transaction> {
    return {
      transaction: async (work) => {
        const tx: Transaction = { rows: [], client, claimed: undefined, state: 'open' };
        client.onEnd(() => void this.#simulation.world.after(FINDS_OUT_MS, 'db-rollback', () => this.#rollBack(tx)));
        await this.#call(client);
        let result: Awaited<ReturnType<typeof work>>;
        try {
          result = await work(tx);
        } catch (error) {
          this.#rollBack(tx);
          throw error;
        }
        if (this.#isAway()) this.#rollBack(tx);
        else if (client.alive) tx.state = 'committing';
        await this.#commit(client, () => this.#apply(tx));
        return result;
      },
      claim: async (tx, batch) => {
        await this.#call(client);
        const row = this.#row(batch.output);
        await this.#lock(row, tx);
        const isNew = row.last !== batch.batch;
        tx.claimed = { batch, kind, isNew };
        return isNew;
      },
    };
  }

  /**
   * Writes rows with no record of the batch: when the output is called again, they are there twice.
   * @param time of the batch, in ms since the epoch
   */
  async insert(client: HostProcess, kind: string, time: number, rows: readonly unknown[]): Promise<void> {
    await this.#call(client);
    await this.#commit(client, () => this.#note({ output: kind, time, batch: '', rows, run: client.id }));
  }

  /** A call and its answer. */
  #call(client: HostProcess): Promise<void> {
    if (!client.alive) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const isAway = this.#isAway() || this.#random.chance(this.#fails ? 0.005 : 0);
      client.after(this.#random.between(...CALL_MS), 'db-answer', () => {
        if (isAway) reject(new Error('the database is away'));
        else resolve();
      });
    });
  }

  /** @param apply the effect, also when the client is gone meanwhile */
  #commit(client: HostProcess, apply: () => void): Promise<void> {
    // Its code runs on for the rest of the event in which it was killed: what it sends then never leaves it.
    if (!client.alive) return new Promise(() => {});
    if (this.#isAway()) return Promise.reject(new Error('the database is away'));
    const answerIsLost = this.#random.chance(this.#fails ? 0.02 : 0);
    const takes = this.#random.between(...CALL_MS);
    return new Promise((resolve, reject) => {
      this.#simulation.world.after(takes, 'db-commit', apply);
      if (answerIsLost) {
        client.after(CLIENT_TIMEOUT_MS, 'db-timeout', () => reject(new Error('the answer to a commit is lost')));
      } else client.after(takes + this.#random.between(...CALL_MS), 'db-answer', resolve);
    });
  }

  #apply(tx: Transaction): void {
    const { claimed } = tx;
    // Who writes rows although it was told that they are there has written them twice.
    if (claimed !== undefined && (claimed.isNew || tx.rows.length > 0)) {
      const { batch, kind } = claimed;
      this.#row(batch.output).last = batch.batch;
      this.#note({ output: kind, time: batch.time, batch: batch.batch, rows: tx.rows, run: tx.client.id });
    }
    this.#end(tx);
  }

  #note(facts: Omit<Written, 'at'>): void {
    const written = { ...facts, at: this.#simulation.now };
    this.written.push(written);
    this.#onWritten(written);
  }

  /** A commit that is under way is no affair of the client's any more. */
  #rollBack(tx: Transaction): void {
    if (tx.state === 'open') this.#end(tx);
  }

  #end(tx: Transaction): void {
    tx.state = 'over';
    for (const row of this.#rows.values()) {
      if (row.holder !== tx) continue;
      let next = row.waiting.shift();
      while (next?.tx.state === 'over') next = row.waiting.shift();
      row.holder = next?.tx;
      next?.take();
    }
  }

  #row(output: string): Row {
    const present = this.#rows.get(output);
    if (present !== undefined) return present;
    const row: Row = { last: undefined, holder: undefined, waiting: [] };
    this.#rows.set(output, row);
    return row;
  }

  #lock(row: Row, tx: Transaction): Promise<void> {
    if (row.holder === undefined || row.holder === tx) {
      row.holder = tx;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const take = (): void => void tx.client.after(0, 'db-lock', resolve);
      row.waiting.push({ tx, take });
    });
  }
}
