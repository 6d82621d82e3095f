/**
 * The power goes, again and again, where an agent reads files, on a simulated disk that loses writes and renames that were not synced,
 * in part or not, and in another order between directories, as the seed says: no line is lost.
 */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/runtime/agent.ts';
import { nodeFiles } from '../../src/core/files.ts';
import { silentLogger } from '../../src/core/log.ts';
import { fs, nextLoop } from '../../src/core/machine.ts';
import { type Host, Simulation } from '../../src/simulation/machine/index.ts';
import { filesConf } from './kit/files-conf.ts';
import { type ArrivedLines, arrivedLines, expectLines, GivenLines, inOrder } from './kit/line-ids.ts';

const SEEDS = 30;
const CUTS = 5;
const MINUTE = 60_000;
const LINES = 25;
const IN = '/data/in';
const OUT = '/data/out';
const OWN = '/data/own';
const POSITIONS = `${OWN}/positions.json`;

/** A host whose agent reads files, and what they were given. */
class World {
  readonly simulation: Simulation;
  readonly host: Host;
  readonly given = new GivenLines();
  #files = 0;
  /** The id of the file whose name is used again and again. */
  #again: string | undefined;

  constructor(seed: string, source: readonly string[]) {
    this.simulation = new Simulation({ seed });
    this.host = this.simulation.host('a');
    for (const directory of [IN, '/data/channel', OWN]) this.host.disk.makeDirectory(directory);
    this.host.disk.put('/data/agent.conf', filesConf({ source, channelDir: '/data/channel', out: OUT }));
  }

  /** A file that is on the disk for good, whatever the source does with it. */
  give(): void {
    const id = `file${this.#files++}`;
    this.host.disk.put(`${IN}/${id}`, this.given.lines(id, LINES));
  }

  /** Another file under a name that was used before, once the one before is done; where files are marked. */
  giveAgain(): void {
    if (this.#again !== undefined && new Set(this.#arrived().get(this.#again)).size < LINES) return;
    this.#again = `again${this.#files++}`;
    this.host.disk.put(`${IN}/again`, this.given.lines(this.#again, LINES));
  }

  /** Appends to the log, for good. */
  append(): void {
    const log = `${IN}/app.log`;
    const before = this.host.disk.paths(IN).includes(log) ? this.host.disk.text(log) : '';
    this.host.disk.put(log, before + this.given.lines(`file${this.#files}`, LINES));
  }

  /** Rotates the log, for good unless the power goes meanwhile. */
  async rotate(): Promise<void> {
    const name = `${IN}/app.log-${this.#files++}`;
    await fs.rename(`${IN}/app.log`, name);
    await nodeFiles.syncDirectory(IN);
    this.append();
  }

  /** Resolves when the position file names the log, on the disk too: from then on the agent must find it by any name. */
  async noted(): Promise<void> {
    for (;;) {
      const { ino } = await fs.stat(`${IN}/app.log`);
      const positions = await fs.readFile(POSITIONS, 'utf8').catch(() => '');
      if (positions.includes(`"inode":${ino},`)) break;
      await nextLoop();
    }
    await nodeFiles.syncDirectory(OWN);
  }

  /** A life of the agent. @returns resolves when all is read and delivered; never when the power goes first */
  async live(): Promise<void> {
    await this.host.spawn('agent').run(async () => {
      const agent = await Agent.fromFile('/data/agent.conf', { name: 'a1', log: silentLogger });
      await agent.start();
      await agent.drained();
      await agent.stop();
    });
  }

  /** @returns how many lines came again */
  expectKept(): number {
    return expectLines(this.given, this.#arrived(), Infinity);
  }

  #arrived(): ArrivedLines {
    const { disk } = this.host;
    const names = inOrder(
      disk
        .paths('/data')
        .filter((file) => path.dirname(file) === OUT)
        .map((file) => path.basename(file)),
    );
    // Behind the first hole is what the sink had not synced, and has written again.
    return arrivedLines(names.map((name) => disk.text(`${OUT}/${name}`).split('\0', 1)[0] ?? ''));
  }
}

/** Over many seeds: lives that end with the power, each with more to read, then one to the end. @returns how many lines were repeated in all */
async function overSeeds(
  source: readonly string[],
  work: (world: World) => void,
  meanwhile?: (world: World) => Promise<void>,
): Promise<number> {
  let repeats = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const world = new World(`${source[0]} ${seed}`, source);
    const { simulation, host } = world;
    const random = simulation.random.fork('cuts');
    await simulation.play(async () => {
      // The directories are older than what is in them.
      await simulation.sleep(10);
      for (let cut = 0; cut < CUTS; cut++) {
        work(world);
        void world.live();
        await simulation.sleep(random.between(0, 60));
        if (meanwhile !== undefined) void host.spawn('writer').run(() => meanwhile(world));
        await simulation.sleep(random.between(0, 60));
        host.cutPower();
        host.powerOn();
      }
      await world.live();
    }, MINUTE);
    repeats += world.expectKept();
  }
  return repeats;
}

describe('power cuts of an agent that reads files', () => {
  test.each([
    ['renamed', []],
    ['removed', ['deletePolicy = immediate']],
    ['marked', ['trackingPolicy = tracker_dir', `trackerDir = ${OWN}`]],
  ] as const)('lose nothing of a spooling directory whose files are %s', async (how, properties) => {
    const repeats = await overSeeds(
      ['type = spooldir', `spoolDir = ${IN}`, 'pollDelay = 20', ...properties],
      (world) => {
        world.give();
        world.give();
        if (how === 'marked') world.giveAgain();
      },
    );
    // Else they would have proved nothing.
    expect(repeats).toBeGreaterThan(0);
  });

  test.each([
    ['that match', '(-[0-9]+)?', 0],
    ['that match', '(-[0-9]+)?', 3000],
    ['that do not match, once they are noted', '', 0],
    ['that do not match, once they are noted', '', 3000],
  ] as const)(
    'lose nothing of logs that are rotated to names %s, with a pattern %j and writePosInterval = %i',
    async (...given) => {
      const [, rotated, interval] = given;
      const repeats = await overSeeds(
        [
          ...['type = TAILDIR', 'filegroups = g', `filegroups.g = ${IN}/app\\\\.log${rotated}`],
          ...[`positionFile = ${POSITIONS}`, `writePosInterval = ${interval}`, 'backoffSleepIncrement = 20'],
        ],
        (world) => world.append(),
        async (world) => {
          if (rotated === '') await world.noted();
          await world.rotate();
        },
      );
      expect(repeats).toBeGreaterThan(0);
    },
  );
});
