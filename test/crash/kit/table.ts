/** The table of all scenarios, added up over a run by level and fault, printed at its end. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Tally } from './outputs.ts';
import type { SceneOptions } from './scene.ts';

/** What an agent held in memory when it was killed: that much its level may cost. */
export interface AgentMemory {
  readonly held: number;
  readonly lost: number;
}

interface Row extends Omit<Tally, 'lost'> {
  readonly level: string;
  readonly fault: string;
  /** Without what was lost from the agent's memory. */
  readonly lost: number;
  readonly agentMemory: AgentMemory | undefined;
}

const FILE = 'CRASH_TABLE';

/** Adds a scenario. */
export function record(options: SceneOptions, fault: string, tally: Tally, agentMemory?: AgentMemory): void {
  const engine = options.engine === undefined ? '' : `, ${options.engine}`;
  const level = `${options.level}${options.ids ? ', ids' : ''}${engine}`;
  const lost = tally.lost.length - (agentMemory?.lost ?? 0);
  const row: Row = { ...tally, level, fault, lost, agentMemory };
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
  'runs',
  'sent',
  'lost',
  'lost of what the agent held in memory',
  'duplicated, at least once',
  'duplicated, exactly once',
];

/** Scenarios of the same level and fault are one line. */
function tableOf(rows: readonly Row[]): string {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.level} | ${row.fault}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const lines = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => lineOf(group));
  return [COLUMNS, COLUMNS.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function lineOf(group: readonly Row[]): (string | number)[] {
  const sum = (of: (row: Row) => number): number => group.reduce((all, row) => all + of(row), 0);
  const [{ level, fault, agentMemory }] = group as [Row];
  const memory = `${sum((row) => row.agentMemory?.lost ?? 0)} of ${sum((row) => row.agentMemory?.held ?? 0)}`;
  return [
    level,
    fault,
    group.length,
    sum(({ sent }) => sent),
    sum(({ lost }) => lost),
    agentMemory === undefined ? '-' : memory,
    sum(({ duplicated }) => duplicated),
    // Without ids nobody promises it.
    level.includes(', ids') ? sum(({ duplicatedExactlyOnce }) => duplicatedExactlyOnce) : '-',
  ];
}
