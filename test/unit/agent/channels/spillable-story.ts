/**
 * A story of a spillable memory channel on a simulated host: two sources that put one batch after the other, a sink with several open
 * transactions, a disk that fails, kills, power cuts, stops and starts. Each event has an id, and at every step it is known what must be
 * in the channel, what may be, and what may not. What must not happen is in `violations`.
 */
import { NO_KEYS } from '../../../../src/agent/channels/file/keys/keys.ts';
import { decodeRecord, isEvent } from '../../../../src/agent/channels/file/record.ts';
import { putAll } from '../../../../src/agent/channels/put-all.ts';
import { sleep, systemClock } from '../../../../src/core/clock.ts';
import { syncedRecords } from '../../../../src/simulation/machine/disk/database.ts';
import { type Host, type HostProcess, Simulation } from '../../../../src/simulation/machine/index.ts';
import type { Random } from '../../../../src/simulation/machine/random.ts';
import { makeSpillable, type Rig } from './spillable-rig.ts';
import { event, take } from './use.ts';

const MEMORY = 8;
const LIVES = 6;

interface Sent {
  readonly id: string;
  readonly source: string;
  readonly number: number;
  /** All of a batch are put, or none. */
  readonly batch: string;
  /** `in`: must come; `out`: was delivered; `maybe`: a commit failed or was under way in a kill; `gone`: it died in memory. */
  state: 'in' | 'out' | 'maybe' | 'gone';
  /** Was not told to be in when its put failed. */
  wasDoubtful: boolean;
  delivered: boolean;
}

/** What a story has seen, so that a test knows that it was one. */
export interface Tally {
  delivered: number;
  overflowed: number;
  diedInMemory: number;
  cameThroughKill: number;
  keptAtStop: number;
  failedPuts: number;
  failedTakes: number;
}

export class Story {
  readonly violations: string[] = [];
  readonly tally: Tally = {
    delivered: 0,
    overflowed: 0,
    diedInMemory: 0,
    cameThroughKill: 0,
    keptAtStop: 0,
    failedPuts: 0,
    failedTakes: 0,
  };
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #host: Host;
  readonly #sent = new Map<string, Sent>();
  readonly #numbers = new Map<string, number>();
  /** In the channel, told so, and in no open transaction. */
  readonly #waiting = new Set<Sent>();
  readonly #held = new Set<Sent>();
  /** Of those, what is being committed: on disk that may be done before anybody is told. */
  readonly #inCommit = new Set<Sent>();
  #isEnding = false;
  #isFaulty = false;

  constructor(seed: number) {
    this.#simulation = new Simulation({
      seed,
      onCrash: (_, error) => void this.violations.push(`crash: ${String(error)}`),
    });
    this.#random = this.#simulation.random.fork('story');
    this.#host = this.#simulation.host('a');
  }

  async run(): Promise<void> {
    await this.#simulation.play(async () => {
      for (let life = 0; life < LIVES; life++) await this.#live();
      this.#heal();
      await this.#drain();
    }, 600_000);
    for (const sent of this.#sent.values()) {
      if (sent.state === 'in') this.violations.push(`lost: ${sent.id}`);
      if (!sent.wasDoubtful) continue;
      const whole = [...this.#sent.values()].filter(({ batch }) => batch === sent.batch);
      if (whole.some(({ delivered }) => delivered !== sent.delivered)) this.violations.push(`half a batch: ${sent.id}`);
    }
  }

  async #live(): Promise<void> {
    const random = this.#random;
    const process = this.#host.spawn('agent');
    this.#isEnding = false;
    if (random.chance(0.7)) this.#heal();
    const rig = await this.#start(process);
    if (rig === undefined) return process.kill();
    for (const source of ['s', 't']) void process.run(() => this.#source(rig, source));
    void process.run(() => this.#sink(rig));
    for (let i = random.int(4); i >= 0; i--) {
      await this.#simulation.sleep(random.between(0, 300));
      const what = random.pick(['heal', 'fault', 'nothing'] as const);
      if (what === 'heal') this.#heal();
      if (what === 'fault') this.#fault();
    }
    const end = random.pick(['kill', 'power', 'stop', 'stop', 'quiet stop'] as const);
    if (end === 'kill' || end === 'power') return this.#kill(process, end);
    this.#isEnding = end === 'quiet stop';
    if (this.#isEnding) await this.#simulation.sleep(5000);
    if (random.chance(0.6)) this.#heal();
    await process.run(() => rig.channel.stop());
    this.#isEnding = true;
    this.#stopped();
    await this.#simulation.sleep(100);
    process.kill();
  }

  async #start(process: HostProcess): Promise<Rig | undefined> {
    const overflowTimeout = this.#random.pick([0, 0, 1]);
    const properties = { memoryCapacity: MEMORY, overflowCapacity: 60, transactionCapacity: 20, overflowTimeout };
    return await process.run(async () => {
      const rig = makeSpillable('/data/overflow', properties);
      try {
        await rig.channel.start();
        return rig;
      } catch (error) {
        if (!this.#isFaulty) this.violations.push(`does not start: ${String(error)}`);
        return undefined;
      }
    });
  }

  async #source({ channel, counters }: Rig, source: string): Promise<void> {
    const random = this.#random.fork(`${source} ${this.#simulation.now}`);
    while (!this.#isEnding) {
      const batch = this.#make(source, 1 + random.int(random.pick([3, 10])));
      try {
        await putAll(
          channel,
          batch.map(({ id }) => event(id)),
        );
        for (const sent of batch) this.#isIn(sent);
        this.tally.overflowed = Math.max(this.tally.overflowed, counters.OverflowSize ?? 0);
      } catch {
        this.tally.failedPuts++;
      }
      await sleep(systemClock, random.between(0, 20));
    }
  }

  /** Until its put is told to be in, it is in doubt. */
  #make(source: string, count: number): Sent[] {
    const from = this.#numbers.get(source) ?? 0;
    this.#numbers.set(source, from + count);
    return Array.from({ length: count }, (_, i) => {
      const number = from + i;
      const id = `${source}${number}`;
      const sent: Sent = {
        id,
        source,
        number,
        batch: `${source}${from}`,
        state: 'maybe',
        wasDoubtful: true,
        delivered: false,
      };
      this.#sent.set(id, sent);
      return sent;
    });
  }

  #isIn(sent: Sent): void {
    sent.wasDoubtful = false;
    if (sent.state !== 'maybe') return;
    sent.state = 'in';
    // A sink may have it already.
    if (!this.#held.has(sent)) this.#waiting.add(sent);
  }

  async #sink({ channel }: Rig): Promise<void> {
    const random = this.#random.fork(`sink ${this.#simulation.now}`);
    while (!this.#isEnding) {
      const open = Array.from({ length: 1 + random.int(3) }, () => this.#take(channel, random.int(8)));
      if (random.chance(0.5)) await sleep(systemClock, random.between(0, 30));
      const failing = random.chance(0.3);
      await Promise.all(
        random.shuffle(open).map(async (each) => {
          if (each === undefined) return;
          if (failing && random.chance(0.5)) return await this.#rollBack(each);
          for (const sent of each.sent) this.#inCommit.add(sent);
          await each.transaction.commit().then(
            () => this.#delivered(each.sent),
            async () => {
              this.tally.failedTakes++;
              // It may be done on disk.
              for (const sent of each.sent) this.#doubt(sent);
              await this.#rollBack(each);
            },
          );
        }),
      );
      await sleep(systemClock, random.between(0, 25));
    }
  }

  #take(channel: Rig['channel'], count: number) {
    try {
      const { transaction, texts } = take(channel, 0);
      const sent: Sent[] = [];
      for (let i = 0; i < count; i++) {
        const taken = takeOne(transaction);
        if (taken === undefined) break;
        texts.push(taken);
        sent.push(...this.#taken(taken));
      }
      return { transaction, sent };
    } catch {
      // The channel was stopped.
      return undefined;
    }
  }

  #taken(id: string): Sent[] {
    const sent = this.#sent.get(id);
    if (sent === undefined) {
      this.violations.push(`unknown: ${id}`);
      return [];
    }
    if (sent.state === 'out') this.violations.push(`twice: ${id}`);
    if (sent.state === 'gone') this.violations.push(`it had died: ${id}`);
    if (this.#held.has(sent)) this.violations.push(`given to two: ${id}`);
    for (const other of this.#waiting) {
      if (other.source === sent.source && other.number < sent.number)
        this.violations.push(`order: ${id} before ${other.id}`);
    }
    this.#waiting.delete(sent);
    this.#held.add(sent);
    return [sent];
  }

  async #rollBack({ transaction, sent }: { transaction: ReturnType<typeof take>['transaction']; sent: Sent[] }) {
    for (const each of sent) {
      this.#held.delete(each);
      if (each.state === 'in' && !this.#isEnding) this.#waiting.add(each);
    }
    await transaction.rollback();
  }

  /** A commit that took it may be done, and may not. */
  #doubt(sent: Sent): void {
    if (sent.state === 'in') sent.state = 'maybe';
    this.#inCommit.delete(sent);
  }

  #delivered(sent: readonly Sent[]): void {
    for (const each of sent) {
      each.state = 'out';
      each.delivered = true;
      this.#held.delete(each);
      this.#inCommit.delete(each);
    }
    this.tally.delivered += sent.length;
  }

  #kill(process: HostProcess, how: 'kill' | 'power'): void {
    if (how === 'kill') process.kill();
    else {
      this.#host.cutPower();
      this.#host.powerOn();
    }
    const { gone, left } = this.#settle();
    this.tally.diedInMemory += gone;
    this.tally.cameThroughKill += left;
    if (gone > MEMORY) this.violations.push(`${gone} events died, memory holds ${MEMORY}`);
  }

  #stopped(): void {
    const { gone, left } = this.#settle();
    if (gone > 0 && !this.#isFaulty) this.violations.push(`${gone} events were lost in a stop`);
    this.tally.keptAtStop += left;
  }

  /** Nobody has the channel: what is on disk is all that there is. */
  #settle(): { gone: number; left: number } {
    const onDisk = syncedRecords(this.#host.disk, '/data/overflow/data.mdb').map(({ key, value }) =>
      decodeRecord(key, value, NO_KEYS),
    );
    const ids = new Set(onDisk.map((record) => (isEvent(record) ? Buffer.from(record.body).toString() : '')));
    this.#waiting.clear();
    this.#held.clear();
    for (const sent of this.#inCommit) this.#doubt(sent);
    this.#inCommit.clear();
    let [gone, left] = [0, 0];
    for (const sent of this.#sent.values()) {
      if (sent.state !== 'in') continue;
      if (ids.has(sent.id)) {
        left++;
        this.#waiting.add(sent);
      } else {
        gone++;
        sent.state = 'gone';
      }
    }
    return { gone, left };
  }

  #fault(): void {
    const { disk } = this.#host;
    const random = this.#random;
    this.#isFaulty = true;
    const kind = random.int(4);
    if (kind === 0) disk.fail({ call: 'sync', after: random.int(6), times: 1 + random.int(2) });
    else if (kind === 1) disk.fail({ call: 'write', after: random.int(6), times: 1 + random.int(2) });
    else if (kind === 2) disk.faults.eio.sync = 0.3;
    else disk.capacity = disk.system.used + random.int(5000);
  }

  #heal(): void {
    this.#isFaulty = false;
    this.#host.disk.heal();
    this.#host.disk.capacity = Number.POSITIVE_INFINITY;
  }

  async #drain(): Promise<void> {
    const process = this.#host.spawn('last');
    this.#isEnding = false;
    const rig = await this.#start(process);
    if (rig === undefined) return;
    await process.run(async () => {
      for (let found = true; found; ) {
        const open = this.#take(rig.channel, 20);
        found = (open?.sent.length ?? 0) > 0;
        await open?.transaction.commit();
        this.#delivered(open?.sent ?? []);
      }
      if (rig.channel.size !== 0) this.violations.push(`${rig.channel.size} events in an empty channel`);
      await rig.channel.stop();
    });
  }
}

function takeOne(transaction: ReturnType<typeof take>['transaction']): string | undefined {
  try {
    const taken = transaction.take();
    return taken === undefined ? undefined : Buffer.from(taken.body).toString();
  } catch {
    // The database is being opened anew.
    return undefined;
  }
}
