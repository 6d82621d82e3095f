/**
 * exactlyOnce: an output of foreachRDD whose effect and whose record of the batch are one transaction of a database. A batch that
 * is run again, after a failure or a crash, finds its record and is left out. exactlyOncePartition: the same for each
 * partition. That a batch which is run again has the same contents is the checkpoint's part: at `store-on-failure`, and where
 * events have ids (`dedupe`), at every level.
 */
import { StreamjobError } from '../../core/errors.ts';
import { computed, fn, type OptionTable, resolveOptions, text } from '../../core/options.ts';
import type { OutputBatch } from '../output-batch.ts';
import type { RDD } from '../rdd.ts';
import type { OutputPartition, PartitionFunction } from './partitions.ts';

/** A database, as exactlyOnce needs it. */
export interface TransactionalStore<Tx> {
  /** Runs `work` in one transaction: all that it does with `tx` is committed when it resolves, nothing when it rejects. */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
  /**
   * In the transaction: takes note of the batch.
   * @param batch of exactlyOncePartition it names one partition, under an `output` of the partition's own
   * @returns false: it was noted before, and its effect is there
   */
  claim(tx: Tx, batch: OutputBatch | OutputPartition): Promise<boolean>;
}

/**
 * Makes the function of an output that takes effect once for each batch.
 *
 * @param store where the effect and the record of the batch go, e.g. `sqlStore(...)`
 * @param write writes a batch with `tx`; what it does outside of the transaction may happen twice
 * @returns the function for `foreachRDD`; it throws what the database or `write` throws, and the batch is run again
 * @example
 * counts.foreachRDD(exactlyOnce(store, async (rdd, time, tx) => {
 *   for (const [word, n] of await rdd.collect()) await tx.query('INSERT INTO counts VALUES ($1, $2, $3)', [time, word, n]);
 * }));
 */
export function exactlyOnce<T, Tx>(
  store: TransactionalStore<Tx>,
  write: (rdd: RDD<T>, time: number, tx: Tx) => void | Promise<void>,
): (rdd: RDD<T>, time: number, batch: OutputBatch) => Promise<void> {
  return (rdd, time, batch) =>
    store.transaction(async (tx) => {
      if (await store.claim(tx, batch)) await write(rdd, time, tx);
    });
}

/** So often a claim is tried: where nobody has made one before, of several that come at the same time the database lets one through. */
const MOST_CLAIMS = 10;

/**
 * Makes a function of foreachPartition that takes effect once for each partition of a batch: however often Spark tries a task, and however often
 * the batch is run again. Of two attempts at the same time one waits for the other, and finds that it is done.
 *
 * @param store where the effect and the record of the partition go, e.g. `sqlStore(...)`
 * @param write writes the values of a partition with `tx`; what it does outside of the transaction may happen twice
 * @returns the function for `foreachPartition`; it throws what the database or `write` throws, and the output is run again
 * @example
 * const write = ssc.onExecutors(
 *   exactlyOncePartition(store, async (lines: Iterable<string>, part, tx) => {
 *     await tx.query('INSERT INTO lines SELECT unnest($1::text[])', [[...lines]]);
 *   }),
 * );
 * lines.foreachRDD((rdd) => rdd.foreachPartition(write));
 */
export function exactlyOncePartition<T, Tx, A extends readonly unknown[] = []>(
  store: TransactionalStore<Tx>,
  write: (values: IterableIterator<T>, part: OutputPartition, tx: Tx, ...args: A) => void | Promise<void>,
): PartitionFunction<T, A> {
  return async (values, part, ...args) => {
    const { call, output, partition } = part;
    const claimed = { ...part, output: `${output}${call === 0 ? '' : `.${call}`}/${partition}` };
    for (let attempt = 1; ; attempt++) {
      let hasClaimed = false;
      try {
        return await store.transaction(async (tx) => {
          const isOurs = await store.claim(tx, claimed);
          hasClaimed = true;
          if (isOurs) await write(values, part, tx, ...args);
        });
      } catch (error) {
        // Nothing was written, and no value read.
        if (hasClaimed || error instanceof StreamjobError || attempt === MOST_CLAIMS) throw error;
      }
    }
  };
}

/** How an SQL database is spoken to. */
export interface SqlOptions<Tx> {
  /** Runs its argument in a transaction. */
  readonly transaction: TransactionalStore<Tx>['transaction'];
  /**
   * Runs one statement in the transaction; gives the rows of a SELECT, as arrays or as objects, and anything for
   * others.
   */
  readonly query: (tx: Tx, sql: string, parameters: readonly (string | number)[]) => unknown;
  /** How the n-th parameter (from 1) is written; SQLite and MySQL have `?`. Default: `$n`, PostgreSQL's. */
  readonly placeholder?: (n: number) => string;
  /** The table that holds the last batch of each output; made when there is none. Default: 'streamjob_batches'. */
  readonly table?: string;
}

export const SQL_OPTIONS = {
  transaction: fn<SqlOptions<unknown>['transaction'], 'required'>({
    required: true,
    expected: 'a function that runs its argument in a transaction',
    doc: 'runs its argument in a transaction',
  }),
  query: fn<SqlOptions<unknown>['query'], 'required'>({
    required: true,
    expected: 'a function that runs a statement in the transaction',
    doc: 'runs one statement in the transaction; gives the rows of a SELECT, as arrays or as objects, and anything for others',
  }),
  placeholder: fn<(n: number) => string, 'default'>({
    default: computed("`$n`, PostgreSQL's", () => (n) => `$${n}`),
    expected: "a function such as (n) => `$${n}` or () => '?'",
    doc: 'how the n-th parameter (from 1) is written; SQLite and MySQL have `?`',
  }),
  table: text({
    default: 'streamjob_batches',
    expected: 'the name of a table',
    doc: 'the table that holds the last batch of each output; made when there is none',
  }),
} satisfies OptionTable<SqlOptions<unknown>>;

/**
 * A store of any SQL database. It keeps one row for each output: batches come in order, so that only the last one can come again.
 *
 * @throws StreamjobError CONFIG_INVALID, also when the table's name is no identifier; CONFIG_UNKNOWN
 * @example
 * const store = sqlStore<pg.PoolClient>({
 *   transaction: async (work) => {
 *     const tx = await pool.connect();
 *     try {
 *       await tx.query('BEGIN');
 *       const result = await work(tx);
 *       await tx.query('COMMIT');
 *       return result;
 *     } catch (error) {
 *       await tx.query('ROLLBACK');
 *       throw error;
 *     } finally {
 *       tx.release();
 *     }
 *   },
 *   query: async (tx, sql, parameters) => (await tx.query(sql, [...parameters])).rows,
 * });
 */
export function sqlStore<Tx>(options: SqlOptions<Tx>): TransactionalStore<Tx> {
  const { placeholder, table } = resolveOptions('sqlStore', SQL_OPTIONS, options);
  const { transaction, query } = options;
  if (!/^[A-Za-z_][\w.]*$/.test(table)) {
    throw new StreamjobError('CONFIG_INVALID', `this is no name of a table: ${JSON.stringify(table)}`, {
      where: 'sqlStore',
      hint: 'use letters, digits and underscores, a schema before a dot',
    });
  }
  const claims = new Claims(table, placeholder, query);
  let made: Promise<void> | undefined;
  // In a transaction of its own: some databases end the one that a table is made in, and in others those who come at the same time wait for it.
  const make = async (): Promise<void> => {
    made ??= transaction((tx) => claims.make(tx));
    try {
      await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
  return {
    async transaction(work) {
      await make();
      return transaction(work);
    },
    claim: (tx, batch) => ('numPartitions' in batch ? claims.ofPartition(tx, batch) : claims.ofBatch(tx, batch)),
  };
}

/** The table that holds the last batch of each output. */
class Claims<Tx> {
  readonly #table: string;
  readonly #placeholder: (n: number) => string;
  readonly #query: SqlOptions<Tx>['query'];

  constructor(table: string, placeholder: (n: number) => string, query: SqlOptions<Tx>['query']) {
    this.#table = table;
    this.#placeholder = placeholder;
    this.#query = query;
  }

  async make(tx: Tx): Promise<void> {
    await this.#run(
      tx,
      `CREATE TABLE IF NOT EXISTS ${this.#table} (job VARCHAR(200) NOT NULL, output VARCHAR(200) NOT NULL, ` +
        'batch_time BIGINT NOT NULL, batch_id VARCHAR(64) NOT NULL, PRIMARY KEY (job, output))',
    );
  }

  async ofBatch(tx: Tx, batch: OutputBatch): Promise<boolean> {
    const last = await this.#last(tx, batch);
    if (last?.id === batch.batch) return false;
    await this.#note(tx, batch, batch.batch, last !== undefined);
    return true;
  }

  /** @throws StreamjobError CHECKPOINT_INCOMPATIBLE when the batch was written in part, in other partitions; when a later one was written */
  async ofPartition(tx: Tx, part: OutputPartition): Promise<boolean> {
    const { batch, output, time } = part;
    const id = `${batch}:${cutOf(part)}`;
    const last = await this.#last(tx, part);
    if (last?.id === id) return false;
    // An attempt that was held while others have gone on.
    if (last !== undefined && last.time > time) throw later(part, this.#table);
    const all = `${output.slice(0, output.lastIndexOf('/'))}/%`;
    const [other] = await this.#run(
      tx,
      `SELECT batch_id FROM ${this.#table} WHERE job = ? AND output LIKE ? AND batch_id LIKE ? AND batch_id <> ?`,
      [part.job, all, `${batch}:%`, id],
    );
    if (other !== undefined) throw cutOtherwise(part, String(other[0]).slice(batch.length + 1));
    await this.#note(tx, part, id, last !== undefined);
    return true;
  }

  /** What was noted last. It stays as it is until the transaction ends. */
  async #last(
    tx: Tx,
    { job, output }: OutputBatch,
  ): Promise<{ readonly id: string; readonly time: number } | undefined> {
    // Takes the row's lock: the commit of a run that was killed may still be under way, and is waited for here.
    await this.#run(tx, `UPDATE ${this.#table} SET batch_time = batch_time WHERE job = ? AND output = ?`, [
      job,
      output,
    ]);
    const [row] = await this.#run(tx, `SELECT batch_id, batch_time FROM ${this.#table} WHERE job = ? AND output = ?`, [
      job,
      output,
    ]);
    return row && { id: String(row[0]), time: Number(row[1]) };
  }

  async #note(tx: Tx, { job, output, time }: OutputBatch, id: string, isThere: boolean): Promise<void> {
    await (isThere
      ? this.#run(tx, `UPDATE ${this.#table} SET batch_time = ?, batch_id = ? WHERE job = ? AND output = ?`, [
          ...[time, id],
          ...[job, output],
        ])
      : this.#run(tx, `INSERT INTO ${this.#table} (job, output, batch_time, batch_id) VALUES (?, ?, ?, ?)`, [
          ...[job, output],
          ...[time, id],
        ]));
  }

  /** @param sql its parameters are written as question marks @returns the rows of a SELECT, as arrays */
  async #run(tx: Tx, sql: string, parameters: readonly (string | number)[] = []): Promise<unknown[][]> {
    let n = 0;
    const rows = await this.#query(
      tx,
      sql.replace(/\?/g, () => this.#placeholder(++n)),
      parameters,
    );
    return Array.isArray(rows) ? rows.map((row) => Object.values(row as object)) : [];
  }
}

function later({ output, time }: OutputPartition, table: string): StreamjobError {
  return new StreamjobError('CHECKPOINT_INCOMPATIBLE', `${output} has a later batch than ${time} already`, {
    where: `the table ${table}`,
    hint:
      'if the job has begun anew, with times that were before (without its checkpoint, on a clock that was put back): give it another name, ' +
      'or remove its rows from the table; if not, this is an attempt that nobody waits for any more',
  });
}

/** As short as it can be: a column of the table has room for little more than a batch's name. */
function cutOf({ numPartitions, parallelism }: Pick<OutputPartition, 'numPartitions' | 'parallelism'>): string {
  return `${numPartitions}/${parallelism}`;
}

/** The batch has other partitions now, or others in them. @param before as of cutOf */
function cutOtherwise(part: OutputPartition, before: string): StreamjobError {
  const [count, parallelism] = before.split('/');
  const message =
    `batch ${part.time} was written in part as ${count} partitions at parallelism ${parallelism}, ` +
    `and has ${part.numPartitions} at parallelism ${part.parallelism} now`;
  return new StreamjobError('CHECKPOINT_INCOMPATIBLE', message, {
    where: part.output,
    hint: `start the job as it was (--parallelism ${parallelism}), until this batch has committed`,
  });
}
