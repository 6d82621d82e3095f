/**
 * exactlyOnce: an output of foreachRDD whose effect and whose record of the batch are one transaction of a database. A batch that
 * is run again, after a failure or a crash, finds its record and is left out. That a batch which is run again has the same
 * contents is the checkpoint's part: at `store-on-failure`, and where events have ids (`dedupe`), at every level.
 */
import { StreamjobError } from '../../core/errors.ts';
import { computed, fn, type OptionTable, resolveOptions, text } from '../../core/options.ts';
import type { OutputBatch } from '../output-batch.ts';
import type { RDD } from '../rdd.ts';

/** A database, as exactlyOnce needs it. */
export interface TransactionalStore<Tx> {
  /** Runs `work` in one transaction: all that it does with `tx` is committed when it resolves, nothing when it rejects. */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>;
  /** In the transaction: takes note of the batch. @returns false: it was noted before, and its effect is there */
  claim(tx: Tx, batch: OutputBatch): Promise<boolean>;
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
  const [one, two, three, four] = [1, 2, 3, 4].map(placeholder);
  const create =
    `CREATE TABLE IF NOT EXISTS ${table} (job VARCHAR(200) NOT NULL, output VARCHAR(200) NOT NULL, ` +
    'batch_time BIGINT NOT NULL, batch_id VARCHAR(64) NOT NULL, PRIMARY KEY (job, output))';
  return {
    transaction,
    async claim(tx, { job, output, time, batch }) {
      await query(tx, create, []);
      // Takes the row's lock: the commit of a run that was killed may still be under way, and is waited for here.
      await query(tx, `UPDATE ${table} SET batch_time = batch_time WHERE job = ${one} AND output = ${two}`, [
        job,
        output,
      ]);
      const rows = await query(tx, `SELECT batch_id FROM ${table} WHERE job = ${one} AND output = ${two}`, [
        job,
        output,
      ]);
      const [row]: readonly unknown[] = Array.isArray(rows) ? rows : [];
      if (row === undefined) {
        const insert = `INSERT INTO ${table} (job, output, batch_time, batch_id) VALUES (${one}, ${two}, ${three}, ${four})`;
        await query(tx, insert, [job, output, time, batch]);
        return true;
      }
      if (Object.values(row as object)[0] === batch) return false;
      const update = `UPDATE ${table} SET batch_time = ${one}, batch_id = ${two} WHERE job = ${three} AND output = ${four}`;
      await query(tx, update, [time, batch, job, output]);
      return true;
    },
  };
}
