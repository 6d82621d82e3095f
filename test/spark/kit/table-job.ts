/**
 * Executors write the ids of events, and which program wrote them, to the table `ids`, each partition in one transaction with its record. From
 * the environment: the database and the port. Where the file SPARK_JOB_FULL is, a partition with ids fails. Whoever comes first upon the file
 * SPARK_JOB_TRAP, with ids written and not committed, is held for as long as the file is there: its name then ends with .held.
 */
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { defineJob, exactlyOncePartition, sqlStore } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_TRAP: trap = '', SPARK_JOB_FULL: full = '' } = process.env;
const pool = new pg.Pool({ connectionString: process.env['SPARK_JOB_PG'] });
// A connection that is lost while nobody uses it.
pool.on('error', () => {});

const store = sqlStore<pg.PoolClient>({
  transaction: async (work) => {
    const tx = await pool.connect();
    try {
      await tx.query('BEGIN');
      const result = await work(tx);
      await tx.query('COMMIT');
      return result;
    } catch (error) {
      await tx.query('ROLLBACK').catch(() => {});
      throw error;
    } finally {
      tx.release();
    }
  },
  query: async (tx, sql, parameters) => (await tx.query(sql, [...parameters])).rows,
});

/** Of all that come at the same time one is held: files can be renamed once. */
async function passTrap(): Promise<void> {
  const held = `${trap}.held`;
  try {
    renameSync(trap, held);
  } catch {
    return;
  }
  while (existsSync(held)) await setTimeout(20);
}

export default defineJob({ name: 'table', batchInterval: '500ms' }, (ssc) => {
  const write = ssc.onExecutors(
    exactlyOncePartition(store, async (values: Iterable<string>, { partition }, tx: pg.PoolClient, table: string) => {
      const ids = [...values];
      if (ids.length === 0) return;
      if (existsSync(full)) throw new Error('the table is full');
      const program = path.basename(process.argv[1] ?? '');
      await tx.query(`INSERT INTO ${table} SELECT unnest($1::text[]), $2`, [ids, program]);
      await passTrap();
      console.log(`partition ${partition} has ${ids.length} ids`);
    }),
  );
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), dedupe: { header: 'id' }, peerRequestTimeout: '120s' })
    .map((event) => event.headers['id'] ?? '')
    .repartition(4)
    .foreachRDD((rdd) => rdd.foreachPartition(write, 'ids'));
});
