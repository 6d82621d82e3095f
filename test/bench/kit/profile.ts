/** Where the time of one of our runs goes: V8's own profiles, by function or by kind of work. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { repository } from '../../interop/kit/places.ts';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0, as the next. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A profile as `node --cpu-prof` writes it. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A function, where it is, and its part of the time that the thread was busy. */
export interface Hot {
  readonly name: string;
  readonly place: string;
  readonly part: number;
}

const SAMPLING_US = 500;

/** The command line under V8's profiler. @param directory gets a profile of each thread at the end */
export function profiled(directory: string): string[] {
  const flags = ['--cpu-prof', `--cpu-prof-interval=${SAMPLING_US}`, `--cpu-prof-dir=${directory}`];
  return [process.execPath, ...flags, path.join(repository, 'dist/cli.js')];
}

/** The profiles in a directory, that of the busiest thread first. @returns each thread's functions by self time */
export function profilesIn(directory: string): Hot[][] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  const profiles = files.map((name) => JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as Profile);
  return profiles
    .map(selfTimes)
    .sort((a, b) => b.busy - a.busy)
    .map(({ hot }) => hot);
}

function selfTimes({ nodes, samples, timeDeltas }: Profile): { busy: number; hot: Hot[] } {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const placeOf = places();
  const times = new Map<string, { name: string; place: string; time: number }>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    const name = frame?.functionName || '(anonymous)';
    const time = timeDeltas[index] ?? 0;
    if (name === '(idle)') continue;
    const place = frame === undefined || frame.url === '' ? '' : placeOf(frame);
    const present = times.get(`${name} ${place}`);
    if (present === undefined) times.set(`${name} ${place}`, { name, place, time });
    else present.time += time;
    busy += time;
  }
  const sorted = [...times.values()].sort((a, b) => b.time - a.time);
  return { busy, hot: sorted.map(({ name, place, time }) => ({ name, place, part: time / busy })) };
}

/** Where functions are in the sources, as far as source maps lie beside the code. */
function places(): (frame: CallFrame) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (url: string): SourceMap | undefined => {
    const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
    return existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  };
  return ({ url, lineNumber, columnNumber }) => {
    if (!maps.has(url)) maps.set(url, mapOf(url));
    const entry = maps.get(url)?.findEntry(lineNumber, columnNumber);
    if (entry !== undefined && 'originalSource' in entry)
      return `${shortened(entry.originalSource)}:${entry.originalLine + 1}`;
    return `${shortened(url)}:${lineNumber + 1}`;
  };
}

/** The last parts of a path, enough to know the file by. */
function shortened(url: string): string {
  return url.split('/').slice(-3).join('/');
}
