/**
 * An input's receiver in the driver, where hosts receive for it: it hands over what they offer (where their blocks lie), and settles with the
 * host that offered it. A host that is lost is not waited for: what it has offered and is in no batch is taken back, since its peers, or
 * the host when it is back, send it again.
 */
import { StoredEvents, type StoredPlace } from '../../avro/stored-events.ts';
import { placeBelow } from '../../core/storage/places.ts';
import type {
  GiveUpResult,
  HeldOfPeer,
  Intake,
  Outcome,
  Peers,
  Polling,
  Reading,
  Receiver,
} from '../receive/receiver.ts';
import type { Channel } from './channel.ts';
import type { FromDriver, FromHost, HeldThere } from './messages.ts';

/** A host that is attached. */
export interface HostLink {
  readonly name: string;
  readonly channel: Channel;
}

interface Offered {
  readonly host: HostLink;
  /** As the host has it. */
  readonly sequence: number;
}

/** An input's receiver in the driver, where hosts receive for it. */
export class RemoteReceiver implements Receiver {
  readonly peers: Peers | undefined;
  readonly polling: Polling | undefined;
  readonly reading: Reading = {
    pause: () => this.#tellReading('pause'),
    resume: () => this.#tellReading('resume'),
  };
  readonly #input: number;
  readonly #name: string;
  readonly #root: string;
  readonly #onStart: () => Promise<void>;
  readonly #offered = new Map<number, Offered>();
  /** The sequence here of what each host has offered. */
  readonly #byHost = new Map<HostLink, Map<number, number>>();
  /** How many of each host are not settled, of lost ones too. */
  readonly #open = new Map<HostLink, number>();
  readonly #held = new Map<HostLink, readonly HeldThere[]>();
  #intake: Intake | undefined;
  #sequence = 0;
  #isPaused = false;
  #isStopping = false;
  #mostEvents: (() => number) | undefined;
  /** How many hosts there were when all were told of their part. */
  #told = 0;

  /**
   * @param input its number @param own the job's receiver, which is not started in the driver
   * @param root the directory of the storage @param onStart called when it can take what hosts bring
   */
  constructor(input: number, own: Receiver, root: string, onStart: () => Promise<void>) {
    this.#input = input;
    this.#name = own.name;
    this.#root = root;
    this.#onStart = onStart;
    const { peers } = own;
    this.peers = peers && { timeoutMs: peers.timeoutMs, held: () => this.#heldNow() };
    this.polling =
      own.polling &&
      ({
        askAtMost: (events) => {
          this.#mostEvents = events;
        },
      } satisfies Polling);
  }

  get name(): string {
    return `${this.#name}, on ${this.#byHost.size} ${this.#byHost.size === 1 ? 'host' : 'hosts'}`;
  }

  /** Whether it is not to be read now. */
  get isPaused(): boolean {
    return this.#isPaused || this.#isStopping;
  }

  /** How many deliveries of a host are not settled. */
  openOf(host: HostLink): number {
    return this.#open.get(host) ?? 0;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    await this.#onStart();
  }

  /** A host is there. */
  join(host: HostLink): void {
    this.#byHost.set(host, new Map());
    this.#tellChanged(host);
  }

  /** A host is gone. */
  async leave(host: HostLink): Promise<void> {
    const open = this.#byHost.get(host);
    this.#byHost.delete(host);
    this.#held.delete(host);
    this.#tellChanged(undefined);
    if (open === undefined || open.size === 0) return;
    for (const sequence of (await this.#intake?.withdraw([...open.values()])) ?? []) this.#forget(sequence);
  }

  /** Takes what a host says. @returns the answer */
  take(host: HostLink, message: FromHost): unknown {
    const open = this.#byHost.get(host);
    // What comes after another one has taken its place counts for nothing.
    if (open === undefined) return undefined;
    switch (message.type) {
      case 'offer':
        return this.#offer(host, open, message.sequence, message.place);
      case 'withdraw':
        return this.#withdraw(open, message.sequences);
      case 'giveUp':
        return this.#giveUp(open, message.sequence, message.reason);
      case 'error':
        return this.#intake?.reportError(`${host.name}: ${message.message}`);
      case 'held':
        return this.#held.set(host, message.held).size;
    }
  }

  /** Tells hosts how many events a fetch may bring: each gets its part. */
  tellLimit(): void {
    if (this.#mostEvents === undefined || this.#byHost.size === 0) return;
    this.#told = this.#byHost.size;
    this.#tell(this.#limit(this.#mostEvents));
  }

  /**
   * A host has come, or gone. All are told when the part of each is another one by a tenth; else whoever came, and the others by the next
   * `tellLimit`: a thousand that come one after the other would be a million messages.
   */
  #tellChanged(came: HostLink | undefined): void {
    const { size } = this.#byHost;
    if (Math.abs(size - this.#told) * 10 >= this.#told) return this.tellLimit();
    if (this.#mostEvents !== undefined) came?.channel.send(this.#limit(this.#mostEvents));
  }

  #limit(mostEvents: () => number): FromDriver {
    const all = mostEvents();
    const events = Number.isFinite(all) ? Math.max(1, Math.floor(all / this.#byHost.size)) : null;
    return { type: 'limit', input: this.#input, events };
  }

  async settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    const byHost = new Map<HostLink, number[]>();
    for (const sequence of sequences) {
      const offered = this.#offered.get(sequence);
      if (offered === undefined) continue;
      this.#forget(sequence);
      this.#byHost.get(offered.host)?.delete(offered.sequence);
      const ofHost = byHost.get(offered.host);
      if (ofHost === undefined) byHost.set(offered.host, [offered.sequence]);
      else ofHost.push(offered.sequence);
    }
    const input = this.#input;
    const acked = [...byHost].map(async ([{ channel }, ofHost]) => {
      const settle: FromDriver = { type: 'settle', input, sequences: ofHost, outcome };
      // One that is lost has told its peers nothing: they send it again.
      return await channel.call<number>(settle).catch(() => 0);
    });
    return (await Promise.all(acked)).reduce((sum, each) => sum + each, 0);
  }

  async stopReceiving(): Promise<void> {
    this.#isStopping = true;
    const stop: FromDriver = { type: 'stopReceiving', input: this.#input };
    await Promise.all([...this.#byHost.keys()].map(({ channel }) => channel.call(stop).catch(() => {})));
  }

  abandon(): void {
    this.#tell({ type: 'abandon', input: this.#input });
  }

  async close(): Promise<void> {
    this.#isStopping = true;
  }

  #offer(host: HostLink, open: Map<number, number>, sequence: number, place: StoredPlace): void {
    const here = this.#sequence++;
    const file = placeBelow(this.#root, place.path);
    open.set(sequence, here);
    this.#offered.set(here, { host, sequence });
    this.#open.set(host, this.openOf(host) + 1);
    const events = new StoredEvents({ ...place, path: file });
    this.#intake?.offer({ sequence: here, events, bytes: place.length });
  }

  async #withdraw(open: Map<number, number>, sequences: readonly number[]): Promise<number[]> {
    const here = new Map(
      sequences.flatMap((each) => (open.has(each) ? [[open.get(each) as number, each] as const] : [])),
    );
    const withdrawn = (await this.#intake?.withdraw([...here.keys()])) ?? [];
    return withdrawn.map((sequence) => {
      this.#forget(sequence);
      open.delete(here.get(sequence) as number);
      return here.get(sequence) as number;
    });
  }

  async #giveUp(open: Map<number, number>, sequence: number, reason: string): Promise<GiveUpResult> {
    const here = open.get(sequence);
    if (here === undefined || this.#intake === undefined) return 'unknown';
    const result = await this.#intake.giveUp(here, reason);
    if (result === 'withdrawn') {
      open.delete(sequence);
      this.#forget(here);
    }
    return result;
  }

  /** It is settled, or taken back. @param here its number in this process */
  #forget(here: number): void {
    const offered = this.#offered.get(here);
    if (offered === undefined) return;
    this.#offered.delete(here);
    const left = this.openOf(offered.host) - 1;
    if (left > 0) this.#open.set(offered.host, left);
    else this.#open.delete(offered.host);
  }

  #tellReading(type: 'pause' | 'resume'): void {
    this.#isPaused = type === 'pause';
    this.#tell({ type, input: this.#input });
  }

  #tell(message: FromDriver): void {
    for (const { channel } of this.#byHost.keys()) channel.send(message);
  }

  #heldNow(): HeldOfPeer[] {
    return [...this.#held].flatMap(([{ name }, held]) =>
      held.map((each) => ({ ...each, peer: `${each.peer} at ${name}` })),
    );
  }
}
