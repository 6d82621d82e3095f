/**
 * Which receivers are attached to the flow, and by which epoch. A receiver that is attached again (it was restarted, on this host or
 * another one, or a network that was cut is whole again) takes the place of the one before: that one's deliveries that nobody waits
 * for are taken back, what it still offers is refused, and only what is in a batch already is settled through it.
 */
import type { Telemetry } from '../../core/telemetry.ts';
import type { AckToken, Arrival, Delivery, GiveUpResult, Intake, Outcome, Settles } from './receiver.ts';

/** What the flow does with the deliveries of all receivers, at once. */
export interface Deliveries {
  offer(arrival: Arrival): void;
  /** Drops one that is in no batch yet. False: it is not there. */
  withdraw(token: AckToken): boolean;
  /** Drops all of an epoch that are in no batch yet and whose peers wait for an answer. */
  withdrawEpoch(epoch: number): readonly AckToken[];
  giveUp(token: AckToken, reason: string): GiveUpResult;
  reportError(input: number, name: string, message: string): void;
  fail(error: Error): void;
}

/** One receiver, from one attaching to the next. */
class Attachment implements Intake {
  readonly by: Settles;
  readonly #token: Omit<AckToken, 'sequence'>;
  readonly #deliveries: Deliveries;
  readonly #renew: (by: Settles) => Intake;
  /** Deliveries that are not settled yet. */
  open = 0;
  isRevoked = false;

  constructor(by: Settles, token: Omit<AckToken, 'sequence'>, deliveries: Deliveries, renew: (by: Settles) => Intake) {
    this.by = by;
    this.#token = token;
    this.#deliveries = deliveries;
    this.#renew = renew;
  }

  offer({ sequence, ...delivery }: Delivery): void {
    if (this.isRevoked) return this.#refuse([sequence]);
    this.open++;
    this.#deliveries.offer({ ...delivery, token: this.#tokenOf(sequence) });
  }

  async withdraw(sequences: readonly number[]): Promise<readonly number[]> {
    const withdrawn = sequences.filter((sequence) => this.#deliveries.withdraw(this.#tokenOf(sequence)));
    this.open -= withdrawn.length;
    return withdrawn;
  }

  async giveUp(sequence: number, reason: string): Promise<GiveUpResult> {
    const result = this.#deliveries.giveUp(this.#tokenOf(sequence), reason);
    if (result === 'withdrawn') this.open--;
    return result;
  }

  reportError(message: string): void {
    if (!this.isRevoked) this.#deliveries.reportError(this.#token.input, this.by.name, message);
  }

  fail(error: Error): void {
    if (!this.isRevoked) this.#deliveries.fail(error);
  }

  renew(by: Settles): Intake {
    return this.isRevoked ? this : this.#renew(by);
  }

  /** Another one takes its place. */
  revoke(): void {
    this.isRevoked = true;
    const withdrawn = this.#deliveries.withdrawEpoch(this.#token.epoch);
    this.open -= withdrawn.length;
    this.#refuse(withdrawn.map(({ sequence }) => sequence));
  }

  /** Nobody waits for it: whether the one that lost its place hears it or not, its peers send the events again. */
  #refuse(sequences: readonly number[]): void {
    if (sequences.length > 0) this.by.settle(sequences, 'given-up').catch(() => {});
  }

  #tokenOf(sequence: number): AckToken {
    return { ...this.#token, sequence };
  }
}

/** Which receivers are attached to the flow, and by which epoch. */
export class Attachments {
  readonly #deliveries: Deliveries;
  /** Those that count, by input and place. */
  readonly #current = new Map<string, Attachment>();
  /** Those too that have lost their place while something of them is in a batch. */
  readonly #byEpoch = new Map<number, Attachment>();
  readonly #telemetry: Telemetry;
  /** Takes the gauge of a receiver back, by input and place. */
  readonly #gauges = new Map<string, () => void>();
  #epoch = 0;

  constructor(deliveries: Deliveries, telemetry: Telemetry) {
    this.#deliveries = deliveries;
    this.#telemetry = telemetry;
  }

  /**
   * Attaches a receiver; the one that was attached in its place loses it.
   * @param input the number of its stream @param place which of the input's receivers it is @param by what its deliveries are settled with
   */
  attach(input: number, place: number, by: Settles): Intake {
    const key = `${input}/${place}`;
    this.#current.get(key)?.revoke();
    const epoch = ++this.#epoch;
    const renew = (next: Settles): Intake => this.attach(input, place, next);
    const attachment = new Attachment(by, { input, receiver: place, epoch }, this.#deliveries, renew);
    this.#current.set(key, attachment);
    this.#byEpoch.set(epoch, attachment);
    this.#forgetRevoked();
    this.#gauges.get(key)?.();
    const labels = { input: `${input}`, receiver: `${place}`, name: by.name };
    const help = 'deliveries that are not settled yet: their peers wait, or will be told';
    this.#gauges.set(
      key,
      this.#telemetry.gauge('open_deliveries', { help, labels }, () => attachment.open),
    );
    return attachment;
  }

  /** The flow is over. */
  close(): void {
    for (const takeBack of this.#gauges.values()) takeBack();
  }

  /**
   * Settles deliveries with the receiver that gave them.
   * @param tokens all of one epoch
   * @returns how many events were acknowledged
   */
  async settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number> {
    const [first] = tokens;
    const attachment = first && this.#byEpoch.get(first.epoch);
    if (attachment === undefined) return 0;
    attachment.open -= tokens.length;
    this.#forgetRevoked();
    return await attachment.by.settle(
      tokens.map(({ sequence }) => sequence),
      outcome,
    );
  }

  #forgetRevoked(): void {
    for (const [epoch, { isRevoked, open }] of this.#byEpoch) {
      if (isRevoked && open === 0) this.#byEpoch.delete(epoch);
    }
  }
}
