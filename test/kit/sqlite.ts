/** SQLite as exactlyOnce writes to it, for tests of outputs with an embedded database. */
import sqlite from 'node-sqlite3-wasm';
import { sqlStore, type TransactionalStore } from '../../src/graph/outputs/exactly-once.ts';

export type Database = InstanceType<typeof sqlite.Database>;

export function openDatabase(file: string): Database {
  return new sqlite.Database(file);
}

/** The store of a database, with a transaction for each batch. */
export function storeOf(db: Database): TransactionalStore<Database> {
  return sqlStore<Database>({
    placeholder: () => '?',
    transaction: async (work) => {
      db.exec('BEGIN');
      try {
        const result = await work(db);
        db.exec('COMMIT');
        return result;
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      }
    },
    query: (tx, sql, parameters) => tx.all(sql, [...parameters]),
  });
}
