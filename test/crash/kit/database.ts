/** The embedded database of the fault tests' job: SQLite, with a table of ids, written in one transaction with the batch's row. */
import diagnostics from 'node:diagnostics_channel';
import { rmSync } from 'node:fs';
import { exactlyOnce, type OutputBatch, type RDD } from 'streamjob';
import { openDatabase, storeOf } from '../../kit/sqlite.ts';

/** The output that writes to a file. Values are a body and an id, with a blank between them. */
export function toDatabase(file: string): (rdd: RDD<string>, time: number, batch: OutputBatch) => Promise<void> {
  // This build of SQLite locks with a directory, which a process that is killed leaves behind; one job uses the file at a time.
  rmSync(`${file}.lock`, { recursive: true, force: true });
  const db = openDatabase(file);
  db.exec('CREATE TABLE IF NOT EXISTS events (id TEXT)');
  const store = storeOf(db);
  return exactlyOnce(store, async (rdd, _time, tx) => {
    const lines = await rdd.collect();
    for (const line of lines) tx.run('INSERT INTO events VALUES (?)', [line.split(' ')[1] ?? '']);
    if (lines.length > 0) diagnostics.channel('streamjob:point').publish('in-transaction');
  });
}

/** Ids in the table, with how often each is there beyond once. */
export function idsIn(file: string): { readonly ids: ReadonlySet<string>; readonly duplicated: number } {
  rmSync(`${file}.lock`, { recursive: true, force: true });
  const db = openDatabase(file);
  try {
    const all = db.all('SELECT id FROM events').map((row) => String(row['id']));
    const ids = new Set(all);
    return { ids, duplicated: all.length - ids.size };
  } finally {
    db.close();
  }
}
