/** The exchange of a crew: each two members have a channel, and a trade is one message each way. */

import { StreamjobError } from '../../core/errors.ts';
import type { Exchange, Piece, PieceCodec } from '../run/exchange.ts';
import { ownerOfPartition } from '../run/ownership.ts';
import type { TradeMessage } from './messages.ts';
import type { Channel } from './transport.ts';

interface Waiting {
  readonly trade: number;
  readonly left: Set<number>;
  readonly got: TradeMessage['pieces'][number][];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The exchange of a crew. */
export class Trading implements Exchange {
  readonly member: number;
  readonly members: number;
  readonly #channels = new Map<number, Channel<TradeMessage, TradeMessage>>();
  /** Messages that came before this member asked for them, by trade, of the run that is under way or of the next one. */
  #early: { readonly from: number; readonly message: TradeMessage }[] = [];
  #run = 0;
  #trade = 0;
  #aborted: Error | undefined;
  #waiting: Waiting | undefined;

  constructor(member: number, members: number) {
    this.member = member;
    this.members = members;
  }

  /** The channel to another member. */
  connect(member: number, channel: Channel<TradeMessage, TradeMessage>): void {
    this.#channels.set(member, channel);
    channel.onMessage((message) => this.#receive(member, message));
  }

  /** A run begins: what is left of earlier ones is nobody's. */
  begin(run: number): void {
    this.#run = run;
    this.#trade = 0;
    this.#aborted = undefined;
    this.#early = this.#early.filter(({ message }) => message.run >= run);
  }

  /** The run is over for this member: whoever waits is told why. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  async trade<P>(pieces: readonly Piece<P>[], codec: PieceCodec<P>): Promise<readonly Piece<P>[]> {
    const { member, members } = this;
    const own: Piece<P>[] = [];
    const outgoing: [number, number, unknown][][] = Array.from({ length: members }, () => []);
    for (const piece of pieces) {
      const owner = ownerOfPartition(piece.target, members);
      if (owner === member) own.push(piece);
      else outgoing[owner]?.push([piece.source, piece.target, codec.encode(piece.data)]);
    }
    if (this.#aborted !== undefined) throw this.#aborted;
    const trade = this.#trade++;
    for (const [to, channel] of this.#channels) {
      channel.send({ run: this.#run, trade, pieces: outgoing[to] ?? [] });
    }
    const got = await this.#await(trade);
    const all = got.map(([source, target, data]): Piece<P> => ({ source, target, data: codec.decode(data) }));
    all.push(...own);
    return all.sort((a, b) => a.source - b.source);
  }

  #await(trade: number): Promise<TradeMessage['pieces'][number][]> {
    return new Promise((resolve, reject) => {
      const got: TradeMessage['pieces'][number][] = [];
      const waiting: Waiting = {
        trade,
        left: new Set(this.#channels.keys()),
        got,
        resolve: () => resolve(got),
        reject,
      };
      this.#waiting = waiting;
      const early = this.#early;
      this.#early = [];
      for (const { from, message } of early) this.#receive(from, message);
      if (waiting.left.size === 0) this.#settle();
    });
  }

  #receive(from: number, message: TradeMessage): void {
    const waiting = this.#waiting;
    if (message.run < this.#run) return;
    if (waiting === undefined || message.run !== this.#run || message.trade !== waiting.trade) {
      this.#early.push({ from, message });
      return;
    }
    if (!waiting.left.delete(from)) throw new StreamjobError('CONTEXT_STATE', 'a member traded twice');
    for (const piece of message.pieces) waiting.got.push(piece);
    if (waiting.left.size === 0) this.#settle();
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve();
  }
}
