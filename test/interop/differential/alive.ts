/**
 * Cases in which real Flume does not go on, or does something twice, and the embedded agent is to be better: who is still alive after a bad
 * file, and what becomes of a file of the agent's own that changes.
 */
import { renameSync } from 'node:fs';
import { type Arrived, type DifferentialCase, hasArrived, inside, type Outcome, overTcp } from './case.ts';
import { CONTAINERS, DAMAGED } from './containers.ts';

type Change = (outcome: Outcome) => Outcome;

const event = (body: string, headers: Arrived['headers'] = {}): Arrived => ({ at: 'collector', headers, body });

/** What real Flume's outcome becomes: more events at the end, and other names of files. */
function goesOn(left: readonly string[], ...more: readonly Arrived[]): Change {
  return (outcome) => ({ ...outcome, arrived: [...outcome.arrived, ...more], left: [...left].sort() });
}

const LEFT = 'such a file is told once and left, and the next is read; Flume ends the source for ever';

/** Files of which the second is bad. */
const BAD_FILES: readonly DifferentialCase[] = [
  {
    name: 'alive-malformed',
    files: { 'a.log': 'a\n', 'b.log': Buffer.from('b\n\xff\n', 'latin1'), 'c.log': 'c\n' },
    arrive: 3,
    arriveFromFlume: 1,
    left: ['a.log.COMPLETED', 'b.log', 'c.log.COMPLETED'],
    leftByFlume: ['a.log.COMPLETED', 'b.log', 'c.log'],
    wanted: {
      reason: LEFT,
      change: goesOn(['a.log.COMPLETED', 'b.log', 'c.log.COMPLETED'], event('b'), event('c')),
    },
  },
  {
    name: 'alive-name-used',
    files: { 'a.log.COMPLETED': 'before\n', 'a.log': 'a\n', 'b.log': 'b\n' },
    arrive: 2,
    arriveFromFlume: 1,
    left: ['a.log', 'a.log.COMPLETED', 'b.log.COMPLETED'],
    leftByFlume: ['a.log', 'a.log.COMPLETED', 'b.log'],
    wanted: { reason: LEFT, change: goesOn(['a.log', 'a.log.COMPLETED', 'b.log.COMPLETED'], event('b')) },
  },
  {
    name: 'alive-damaged-block',
    files: { 'a.avro': CONTAINERS['b.avro'] ?? '', 'b.avro': DAMAGED, 'c.avro': CONTAINERS['b.avro'] ?? '' },
    arrive: 10,
    arriveFromFlume: 7,
    left: ['a.avro.COMPLETED', 'b.avro', 'c.avro.COMPLETED'],
    leftByFlume: ['a.avro.COMPLETED', 'b.avro', 'c.avro'],
    wanted: {
      reason: LEFT,
      change: (outcome) =>
        goesOn(['a.avro.COMPLETED', 'b.avro', 'c.avro.COMPLETED'], ...outcome.arrived.slice(0, 3))(outcome),
    },
  },
];

/** All of them. */
export const ALIVE: readonly DifferentialCase[] = [
  ...BAD_FILES,
  {
    name: 'alive-taildir-renamed',
    files: { 'a.log': 'a1\na2\n' },
    arrive: 2,
    arriveFromFlume: 4,
    feed: async (given) => {
      await hasArrived(given, 2);
      renameSync(inside(given, 'a.log'), inside(given, 'b.log'));
    },
    wanted: {
      reason: 'a file is known by its inode and its content; Flume reads one that was renamed again',
      change: (outcome) => ({ ...outcome, arrived: outcome.arrived.slice(0, 2) }),
    },
  },
  {
    name: 'netcat-malformed',
    arrive: 1,
    feed: async (given) => [
      await overTcp(given, Buffer.from('a\xffb\n', 'latin1'), 5),
      await overTcp(given, 'after\n', 1),
    ],
    wanted: {
      reason: 'a peer whose bytes are no text is told so before the connection is closed; Flume only closes it',
      change: (outcome) => ({ ...outcome, answered: ['FAILED: Event is not valid UTF-8\n', 'OK\n'] }),
    },
  },
  {
    name: 'reload',
    files: { 'a.log': 'a\n' },
    changes: [
      { conf: 'second', after: 1, files: { 'b.log': 'b\n' } },
      { conf: 'wrong', after: 2, files: { 'c.log': 'c\n' }, ignoredByFlume: true },
      { conf: 'third', after: 3, files: { 'd.log': 'd\n' }, ignoredByFlume: true },
    ],
    arrive: 4,
    left: ['a', 'b', 'c', 'd'].map((name) => `${name}.log.COMPLETED`),
    wanted: {
      reason: 'after a wrong file the next right one counts; Flume looks at its file no more',
      change: (outcome) => ({
        ...outcome,
        arrived: [...outcome.arrived.slice(0, 3), event('d', { version: 'third' })],
      }),
    },
  },
];
