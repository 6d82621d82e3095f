/** The properties of a channel that has a store on disk, as a flume.conf gives them. */
import os from 'node:os';
import path from 'node:path';
import { bool, type Field, type Fields, int, text } from '../../component/fields.ts';
import type { Settings } from '../../component/settings.ts';
import type { ChannelContext } from '../channel.ts';

const NO_MEANING = 'of no meaning here';
const MEANINGLESS = `${NO_MEANING}: the store needs no checkpoints and no log files`;

/** Where the store is, and what its disk must have. */
export const placeFields: {
  readonly dataDirs: Field<string>;
  readonly transactionCapacity: Field<number>;
  readonly minimumRequiredSpace: Field<number>;
} = {
  dataDirs: text({
    doc: 'directory of the events; of a comma separated list the first is used',
    default: path.join(os.homedir(), '.flume/file-channel/data'),
    shown: '~/.flume/file-channel/data',
  }),
  transactionCapacity: int({
    unit: 'events',
    doc: 'most events in one transaction',
    default: 10_000,
    min: 1,
    lenient: 'default',
  }),
  minimumRequiredSpace: int({ unit: 'bytes', doc: 'free bytes of the disk that a put needs', default: 524_288_000 }),
};

/** What Flume's files say of its own format. */
export const formatFields: Fields = {
  checkpointDir: text({ doc: MEANINGLESS }),
  useDualCheckpoints: bool({ doc: MEANINGLESS }),
  backupCheckpointDir: text({ doc: MEANINGLESS }),
  compressBackupCheckpoint: bool({ doc: MEANINGLESS }),
  checkpointInterval: int({ doc: MEANINGLESS, lenient: 'default' }),
  checkpointOnClose: bool({ doc: MEANINGLESS }),
  maxFileSize: int({ doc: MEANINGLESS }),
  'use-log-replay-v1': bool({ doc: MEANINGLESS }),
  'use-fast-replay': bool({ doc: MEANINGLESS }),
  fsyncPerTransaction: bool({ doc: `${NO_MEANING}: every commit is synced` }),
  fsyncInterval: int({ doc: `${NO_MEANING}: every commit is synced` }),
};

/** Where a store behaves other than Flume's. */
export const STORE_DIFFERENCES: readonly string[] = [
  'A damaged event is left out, counted (`EventDamagedCount`), named in the log and put aside in a file `damaged-…` of the directory, whatever fsyncPerTransaction says; Flume closes the channel or leaves out what follows, too. A damaged page of the database refuses the start, until `streamjob tool fcintegrity --repair` has kept what can be read.',
  'Encryption is AES-GCM, whatever cipherProvider says: an event that was changed or moved on disk is found, and counts as damaged. Headers are encrypted, too.',
  'Keys are in files or in environment variables (keyProvider `file`, `env`); a key store of Java (JCEKSFILE) is refused.',
];

/** Tells, at a start, which of the given properties have no meaning here. */
export function tellIgnored(fields: Fields, settings: Settings, { name, log }: ChannelContext): void {
  const ignored = Object.entries(fields)
    .filter(([field, { doc }]) => doc.startsWith(NO_MEANING) && settings.has(field))
    .map(([field]) => field);
  if (ignored.length === 0) return;
  log.info({ properties: ignored }, `channel ${name}: ignored, as it has no meaning here: ${ignored.join(', ')}`);
}
