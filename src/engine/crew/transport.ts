/**
 * The ports between a crew and whatever its members are: a launcher starts members and carries messages to and from them. A new kind
 * of member is a launcher of its own; nothing else of the crew changes.
 */
import type { FromMember, MemberStart, ToMember } from './messages.ts';

/** One end of a way between two members, or between a member and the crew. Messages arrive in the order in which they were sent. */
export interface Channel<Out, In> {
  send(message: Out): void;
  /** Called once, by who takes the messages. */
  onMessage(take: (message: In) => void): void;
}

/** What the crew hears of a member. */
export interface MemberListener {
  message(message: FromMember): void;
  /** It is gone, without having been asked to end. @param cause what it threw, where that is known */
  lost(why: string, cause?: unknown): void;
}

/** A member as the crew has it. */
export interface MemberLink {
  send(message: ToMember): void;
  /** Asks it to end, and ends it by force when it does not. */
  end(): Promise<void>;
}

/** The ways to the members of one crew. */
export interface Transport {
  launch(start: MemberStart, listener: MemberListener): MemberLink;
  /** Gives each two of the members that were launched a channel of their own. */
  connect(): void;
}

/** Memory for the input of a batch, where all members see it: what is in it is handed over without a copy. */
export interface InputMemory {
  /** So many bytes of it, to be written to. */
  take(bytes: number): Uint8Array;
  /** Whether bytes lie in it already. */
  holds(bytes: Uint8Array): boolean;
  /** A member's view of bytes that were handed over. */
  view(bytes: Uint8Array): Buffer;
}

/** Starts members. */
export interface Launcher {
  /** As errors name the place: "engine 'threads'". */
  readonly where: string;
  /** What to do when a member cannot build the job, although the job was built here. */
  readonly buildHint: string;
  /** What may have ended a member that is gone. */
  readonly lostHint: string;
  readonly memory: InputMemory;
  /** How many members can work at the same time. */
  readonly mostMembers: number;
  /** For a new crew. */
  open(): Transport;
}
