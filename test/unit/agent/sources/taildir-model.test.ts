/**
 * A TAILDIR source against a model, under random stories: files are written to, rotated, truncated, removed and moved, the channel fails,
 * the source is stopped or killed and started again. Each line has an id of its own. What is a line at the end of a look is delivered,
 * and nothing is delivered twice, but for what the position file did not know yet when the source was killed.
 */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceCounters } from '../../../../src/agent/component/counters.ts';
import type { Source, SourceChannels } from '../../../../src/agent/sources/source.ts';
import { taildir } from '../../../../src/agent/sources/taildir.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { configured } from '../channels/make.ts';

const NAMES = ['file.log', 'file.log.1', 'file.log.2', 'file.b.log', 'other'] as const;
const IDLE_MS = 1_000_000;

/** A file as it should be. */
interface ModelFile {
  /** The ids of its lines, and of the last bytes when they have no newline. */
  lines: string[];
  open: string | undefined;
  /** Whether a look has found lines in it under a name that matches: it is followed then, whatever name it gets. */
  known: boolean;
}

type Step =
  | { readonly do: 'append'; readonly name: string; readonly count: number; readonly open: boolean }
  | { readonly do: 'rename'; readonly name: string; readonly to: string }
  | { readonly do: 'truncate' | 'remove' | 'rotate' | 'moveAway'; readonly name: string }
  | { readonly do: 'look' | 'idle' | 'stop' | 'kill' | 'moveBack' }
  | { readonly do: 'fail'; readonly times: number };

class World {
  readonly root = fs.mkdtempSync('/tmp/streamjob-taildir-');
  readonly #clock = new ManualClock(1_000_000);
  readonly #pattern: string;
  readonly #writesAtOnce: boolean;
  readonly #files = new Map<string, ModelFile>();
  readonly delivered: string[] = [];
  #away: ModelFile | undefined;
  #failures = 0;
  #ids = 0;
  #source: Source | undefined;
  /** Called before each step. */
  readonly #before: () => Promise<void>;

  constructor(pattern: string, writesAtOnce: boolean, before: (root: string) => Promise<void> = async () => {}) {
    this.#pattern = pattern;
    this.#writesAtOnce = writesAtOnce;
    this.#before = () => before(this.root);
    fs.mkdirSync(this.#path(''));
  }

  async run(steps: readonly Step[]): Promise<void> {
    try {
      await this.#start();
      for (const step of steps) {
        await this.#before();
        await this.#step(step);
      }
      await this.#look();
    } finally {
      await this.#source?.stop();
      fs.rmSync(this.root, { recursive: true });
    }
  }

  #path(name: string): string {
    return path.join(this.root, 'logs', name);
  }

  async #step(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        return this.#append(step.name, step.count, step.open);
      case 'rename':
        return this.#rename(step.name, step.to);
      case 'rotate':
        this.#rename(`${step.name}.1`, `${step.name}.2`);
        this.#rename(step.name, `${step.name}.1`);
        return this.#append(step.name, 1, false);
      case 'truncate':
        return this.#truncate(step.name);
      case 'remove':
        this.#files.delete(step.name);
        return fs.rmSync(this.#path(step.name), { force: true });
      case 'moveAway':
        return this.#moveAway(step.name);
      case 'moveBack':
        return this.#moveBack();
      case 'fail':
        this.#failures = step.times;
        return;
      case 'look':
        return await this.#look();
      case 'idle':
        return await this.#idle();
      case 'stop':
        return await this.#restart(false);
      case 'kill':
        return await this.#restart(true);
    }
  }

  #append(name: string, count: number, open: boolean): void {
    const file = this.#files.get(name) ?? { lines: [], open: undefined, known: false };
    this.#files.set(name, file);
    let text = '';
    if (file.open !== undefined) {
      text = '\n';
      file.lines.push(file.open);
      file.open = undefined;
    }
    for (let i = 0; i < count; i++) {
      const id = `id${this.#ids++}`;
      file.lines.push(id);
      text += `${id}\n`;
    }
    if (open) {
      file.open = `id${this.#ids++}`;
      text += file.open;
    }
    fs.appendFileSync(this.#path(name), text);
  }

  #rename(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined || from === to) return;
    this.#files.delete(from);
    this.#files.set(to, file);
    fs.renameSync(this.#path(from), this.#path(to));
  }

  #truncate(name: string): void {
    const file = this.#files.get(name);
    if (file === undefined) return;
    file.lines = [];
    file.open = undefined;
    // What is written now is not behind what was read: nothing proves that it is the file, unless its name does.
    file.known = false;
    fs.truncateSync(this.#path(name));
  }

  #moveAway(name: string): void {
    const file = this.#files.get(name);
    if (file === undefined || this.#away !== undefined) return;
    this.#files.delete(name);
    this.#away = file;
    fs.renameSync(this.#path(name), path.join(this.root, 'away'));
  }

  #moveBack(): void {
    if (this.#away === undefined || this.#files.has('file.b.log')) return;
    this.#files.set('file.b.log', this.#away);
    this.#away = undefined;
    fs.renameSync(path.join(this.root, 'away'), this.#path('file.b.log'));
  }

  #matches(name: string): boolean {
    return new RegExp(`^${this.#pattern}$`).test(name);
  }

  /** The clock goes on until the source has found nothing more. */
  async #look(): Promise<void> {
    let done = false;
    void this.#source?.whenEnded().then(() => {
      done = true;
    });
    while (!done) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#clock.advance(1);
    }
    for (const [name, file] of this.#files) {
      if (!this.#matches(name) && !file.known) continue;
      if (file.lines.length > 0) file.known = true;
      const missing = file.lines.filter((id) => !this.delivered.includes(id));
      expect(missing, `lines of ${name} that were not delivered`).toEqual([]);
    }
  }

  /** After idleTimeout what has no newline is delivered too. What is away is forgotten then. */
  async #idle(): Promise<void> {
    this.#away = undefined;
    await this.#look();
    this.#clock.advance(IDLE_MS);
    await this.#look();
    for (const [name, { known, open }] of this.#files) {
      if (known && open !== undefined) expect(this.delivered, `the end of ${name}`).toContain(open);
    }
  }

  async #restart(killed: boolean): Promise<void> {
    const files = ['positions.json', 'positions.json.fingerprints'].map((name) => path.join(this.root, name));
    const before = files.map((file) => (fs.existsSync(file) ? fs.readFileSync(file) : undefined));
    await this.#source?.stop();
    if (killed) {
      // What a kill leaves are the files as they were.
      for (const [i, file] of files.entries()) {
        const bytes = before[i];
        if (bytes === undefined) fs.rmSync(file, { force: true });
        else fs.writeFileSync(file, bytes);
      }
      // The position file may not have them yet: a file that is renamed before the first look of the next run cannot be known then.
      for (const file of this.#files.values()) file.known = false;
    }
    await this.#start();
  }

  async #start(): Promise<void> {
    const processor: SourceChannels = {
      batchLimit: 100,
      drops: false,
      process: async (batch) => {
        if (this.#failures-- > 0) throw new Error('the channel is full');
        this.delivered.push(...batch.map(({ body }) => Buffer.from(body).toString()));
      },
    };
    this.#source = configured(
      taildir,
      {
        filegroups: 'g',
        'filegroups.g': this.#path(this.#pattern),
        positionFile: path.join(this.root, 'positions.json'),
        idleTimeout: IDLE_MS,
        batchSize: 3,
        maxBatchCount: 2,
        backoffSleepIncrement: 1,
        maxBackoffSleep: 1,
        writePosInterval: this.#writesAtOnce ? 0 : 1_000_000_000_000,
      },
      { name: 'r1', log: silentLogger, clock: this.#clock, counters: sourceCounters(), processor },
    );
    await this.#source.start();
  }
}

/** Waits until the file system notes another time than it did: it does so in steps of some ms. */
async function nextTime(root: string): Promise<void> {
  const probe = path.join(root, 'probe');
  const touch = (): bigint => {
    fs.writeFileSync(probe, '');
    return fs.statSync(probe, { bigint: true }).mtimeNs;
  };
  const before = touch();
  while (touch() === before) await new Promise<void>((resolve) => setImmediate(resolve));
}

const name = fc.constantFrom(...NAMES);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('append'), name, count: fc.nat(8), open: fc.boolean() }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('look', 'look', 'look', 'idle', 'moveBack') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('rename'), name, to: name }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('rotate'), name: fc.constantFrom('file.log', 'file.b.log') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('truncate', 'remove', 'moveAway'), name }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail'), times: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stop') }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);
const withKills = fc.array(fc.oneof({ weight: 4, arbitrary: steps }, fc.constant<Step[]>([{ do: 'kill' }])), {
  maxLength: 4,
});

describe.each(['file.*', 'file(\\.b)?\\.log'])('with the pattern %s', (pattern) => {
  it('delivers each line once', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        const world = new World(pattern, true);
        await world.run(story);
        expect(world.delivered).toEqual([...new Set(world.delivered)]);
      }),
      { numRuns: 50 },
    );
  });

  it('delivers each line once where all times are old enough to tell the next change', async () => {
    // What has just changed is looked at anew each time; so most looks of the other stories are.
    const back = replaceMachine({ ...realMachine, wallMs: () => realMachine.wallMs() + 60_000 });
    try {
      await fc.assert(
        fc.asyncProperty(steps, async (story) => {
          const world = new World(pattern, true, nextTime);
          await world.run(story.flatMap((step) => [step, { do: 'look' }]));
          expect(world.delivered).toEqual([...new Set(world.delivered)]);
        }),
        { numRuns: 20 },
      );
    } finally {
      back();
    }
  });

  it('loses no line when it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(withKills, fc.boolean(), async (stories, writesAtOnce) => {
        await new World(pattern, writesAtOnce).run(stories.flat());
      }),
      { numRuns: 30 },
    );
  });
});
