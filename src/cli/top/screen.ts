/** What `streamjob top` shows of a job, as lines of text that fit a terminal. */

import type { WaitingPeer } from '../../observe/observer.ts';
import type { Overview, TimelineBatch } from '../../observe/rest/own.ts';
import { durationText } from '../../observe/verdict.ts';
import { harmless } from '../harmless.ts';
import { eventsPerSecond } from '../rate.ts';

/** What is known of a job. */
export interface TopData {
  readonly overview: Overview;
  readonly peers: readonly WaitingPeer[];
  /** Oldest first. */
  readonly timeline: readonly TimelineBatch[];
}

/** How large a terminal is. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const BAR = 30;
/** What the time of a batch was spent on, each with its letter in the bar. */
const PARTS = [
  ['waited', 'w'],
  ['stages', 's'],
  ['outputs', 'o'],
  ['commit', 'c'],
  ['other', '.'],
  ['acknowledged', 'a'],
] as const;

/**
 * The screen: verdict and totals, where the events are, what peers wait for, the last batches.
 * @returns no more lines than there are rows, none longer than there are columns
 */
export function topScreen({ overview, peers, timeline }: TopData, { columns, rows }: TerminalSize): string[] {
  const { batchIntervalMs, bottleneck, heldEvents, name, now, startedAt, steps, totals, verdict } = overview;
  const up = startedAt === null ? 'not started' : `up ${durationText(now - startedAt)}`;
  const lines = [
    `${name}: ${verdict.text}`,
    ...(bottleneck?.isHolding === true ? [`${bottleneck.text}. ${bottleneck.advice}`] : []),
    `${up}, a batch every ${durationText(batchIntervalMs)}, ${number(eventsPerSecond(timeline) ?? 0)} events/s, ${number(totals.processedEvents)} events in ${number(totals.batches)} batches, ${number(totals.acknowledgedEvents)} acknowledged`,
    troublesOf(overview),
    '',
    table(
      [
        ['', ...steps.map(({ step }) => step)],
        ['events', ...steps.map(({ events }) => number(events))],
        ['oldest', ...steps.map(({ oldestMs }) => (oldestMs === null ? '' : durationText(oldestMs)))],
      ],
      [0],
    ),
    '',
    `not yet acknowledged: ${number(heldEvents)} events`,
    ...(peers.length === 0
      ? []
      : [
          table(
            [
              ['peer', 'requests', 'events', 'oldest', 'left'],
              ...peers.map(({ events, leftMs, oldestMs, peer, requests }) => [
                peer,
                number(requests),
                number(events),
                durationText(oldestMs),
                leftMs < 0 ? 'over' : durationText(leftMs),
              ]),
            ],
            [0],
          ),
        ]),
    '',
    table(
      [
        ['batch', 'events', 'delay', '', 'waited, stages, outputs, commit, acknowledged'],
        ...timeline
          .toReversed()
          .map((batch) => [
            new Date(batch.time).toISOString().slice(11, 23),
            number(batch.events),
            batch.totalDelayMs === null ? batch.status.toLowerCase() : durationText(batch.totalDelayMs),
            batch.givenUp ? 'given up' : batch.failures > 0 ? `${batch.failures} failed` : '',
            barOf(batch),
          ]),
      ],
      [0, 3, 4],
    ),
  ];
  return lines
    .flatMap((line) => line.split('\n'))
    .slice(0, rows)
    .map((line) => harmless(line.trimEnd()).slice(0, columns));
}

function troublesOf({ totals: { failedAttempts, givenUpBatches, skippedValues } }: Overview): string {
  const troubles = [
    failedAttempts > 0 ? `${number(failedAttempts)} attempts failed` : '',
    givenUpBatches > 0 ? `${number(givenUpBatches)} batches given up` : '',
    skippedValues > 0 ? `${number(skippedValues)} values skipped` : '',
  ].filter((text) => text !== '');
  return troubles.length === 0 ? 'no failures' : troubles.join(', ');
}

/** A letter for each part of the time, of a width that is its share. */
function barOf({ segments }: TimelineBatch): string {
  const all = PARTS.reduce((sum, [part]) => sum + segments[part], 0);
  if (all === 0) return '';
  return PARTS.map(([part, letter]) => letter.repeat(Math.round((segments[part] / all) * BAR))).join('');
}

/** @param left which columns stand on the left; the others on the right */
function table(rows: readonly (readonly string[])[], left: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    left.includes(column) ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ')).join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
