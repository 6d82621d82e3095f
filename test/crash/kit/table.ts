/** The table of all scenarios, added up over a run by level and fault, printed at its end. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SceneOptions, Tally } from './scene.ts';

interface Row extends Tally {
  readonly level: string;
  readonly fault: string;
  /** Events of the agent that were only in its memory when it was killed. */
  readonly agentMemory: number;
}

const FILE = 'STREAMJOB_CRASH_TABLE';

/** Adds a scenario. @param agentMemory lost events that the level does not promise to keep */
export function record(options: SceneOptions, fault: string, tally: Tally, agentMemory = 0): void {
  const level = `${options.level}${options.ids ? ', ids' : ''}`;
  const row: Row = { ...tally, level, fault: `${fault} (${options.receiver})`, agentMemory };
  const file = process.env[FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** vitest's global set-up: the file that the scenarios write to; at the end the table is printed. */
export function setup(): () => void {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-crash-table-'));
  const file = path.join(directory, 'rows');
  process.env[FILE] = file;
  return () => {
    const rows = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    console.log(tableOf(rows.map((row) => JSON.parse(row) as Row)));
    rmSync(directory, { recursive: true, force: true });
  };
}

const COLUMNS = [
  'level',
  'fault',
  'sent',
  'lost',
  "lost from the agent's memory",
  'duplicated, at least once',
  'duplicated, exactly once',
];

function tableOf(rows: readonly Row[]): string {
  const lines = [...rows]
    .sort((a, b) => (a.level + a.fault < b.level + b.fault ? -1 : 1))
    .map((row) => [
      row.level,
      row.fault,
      row.sent,
      row.lost - row.agentMemory,
      row.agentMemory,
      row.duplicated,
      // Without ids nobody promises it.
      row.level.endsWith('ids') ? row.duplicatedExactlyOnce : '-',
    ]);
  return [COLUMNS, COLUMNS.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
