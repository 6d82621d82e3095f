/** Around outputs that take each event in once: the job has ids, a directory for files, and SQLite for the rest. */
import sqlite from 'node-sqlite3-wasm';
import { exactlyOnce, exactlyOncePartition, StreamingContext, sqlStore } from 'streamjob';

const ssc = new StreamingContext({ batchInterval: '100ms', checkpointDir: 'state', maxBatches: 1 });
const db = new sqlite.Database('counts.db');
db.exec('CREATE TABLE IF NOT EXISTS words (batch INTEGER, word TEXT, count INTEGER)');
const placeholder = (): string => '?';
const query = (tx: typeof db, sql: string, values: readonly unknown[]) =>
  tx.all(sql, [...values] as never) as Record<string, unknown>[];
async function transaction<R>(work: (tx: typeof db) => Promise<R>): Promise<R> {
  db.exec('BEGIN');
  try {
    const result = await work(db);
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
// BLOCK
await ssc.start();
await ssc.awaitTermination();
for (const { word, count } of db.all('SELECT word, count FROM words ORDER BY word')) console.log(word, count);
