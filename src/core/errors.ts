/**
 * Every error that streamjob throws on purpose: a code from a closed list, what happened, where, and what to do.
 * error-pages.ts has more of each code, and docs/errors.md is made of both (`npm run docs:errors`).
 */

/** What each code means, in one line. The keys are the closed list of codes. */
export const ERROR_CODES = {
  CONFIG_INVALID: 'An option, a flag or an environment variable has a value that cannot be used.',
  CONFIG_UNKNOWN: 'A name (option, component type, property) is not known.',
  JOB_NOT_FOUND: 'The job file does not exist or cannot be read.',
  JOB_INVALID: 'The job file does not compile, does not export a job, or its graph cannot be run.',
  COMPONENT_INVALID:
    "A user's component of an agent cannot be made, or gave something that is not what its kind gives.",
  CONTEXT_STATE: 'A call came in a state of the StreamingContext that does not allow it.',
  NO_OUTPUT: 'The job has no output operation, so there is nothing to run.',
  ASYNC_FUNCTION: 'A function that must be synchronous returned a promise.',
  KEY_INVALID: 'A key is not a primitive, a Date, or an array or plain object of them.',
  EMPTY_COLLECTION: 'The action needs at least one element.',
  ZIP_MISMATCH: 'Two RDDs that are zipped do not have the same number of values in each partition.',
  USER_FUNCTION: 'A function of the job threw; the cause is attached.',
  BATCH_FAILED: 'An output of a batch failed and the policy was to stop, or its retries ran out.',
  DRAIN_IMPOSSIBLE: '--until-drained was asked for, but an input of the job never ends.',
  PORT_IN_USE: 'The address to listen on is taken by another process.',
  LISTEN_FAILED: 'The address to listen on cannot be bound.',
  TLS_INVALID: 'A TLS key, certificate or key store cannot be read or used.',
  FILE_NOT_FOUND: 'A file or directory that is needed does not exist.',
  FILE_EXISTS: 'A file or directory is there already and is not replaced.',
  FILE_ACCESS: 'A file or directory cannot be read or written.',
  CONNECT_FAILED: 'A connection to the peer could not be made.',
  CONNECTION_CLOSED: 'The connection ended while a call was under way.',
  HANDSHAKE_FAILED: 'The peer does not speak the expected Avro protocol.',
  REQUEST_TIMEOUT: 'The peer did not answer in time.',
  RPC_REJECTED: 'The peer answered that it did not take the events (status FAILED or UNKNOWN).',
  RPC_ERROR: 'The peer answered the call with an error.',
  PROTOCOL_ERROR: 'Bytes from the peer are not a valid frame, handshake or message.',
  FRAME_TOO_LARGE: 'A frame is larger than the limit.',
  LIMIT_EXCEEDED: 'A request or an answer holds more than a limit allows: events, headers of an event, metadata.',
  MEMORY_BUDGET: 'The memory budget for received bytes is used up.',
  CHANNEL_FULL: 'A channel has no room for the events.',
  CHANNEL_CLOSED: 'A channel was used before it was started or after it was stopped.',
  TRANSACTION_STATE: 'A channel transaction was used in a state that does not allow it.',
  TRANSACTION_FULL: 'A transaction holds as many events as transactionCapacity allows.',
  CHANNEL_CORRUPT: 'The data of a file channel on disk is damaged.',
  ENCRYPTION_KEY:
    'A key of an encrypted channel is not given, cannot be read, or is not the one that events were encrypted with.',
  CHANNEL_LOCKED: 'The directory of a file channel is used by another process.',
  CHECKPOINT_LOCKED: 'The checkpoint directory is used by another run.',
  CHECKPOINT_INCOMPATIBLE: 'What a checkpoint holds does not fit the job as it is now.',
  CHECKPOINT_VALUE:
    'A value that is to be remembered is not plain data, so that it cannot be stored, or is refused by validate.',
  VALUE_NOT_PLAIN: 'A value that must go to another thread is not plain data.',
  GRAPH_DIFFERS:
    'The graph that a worker thread built differs from that of the main thread: build is not deterministic.',
  WORKER_LOST: 'A worker thread ended while a batch ran; the batch is run again by new ones.',
  ENGINE_LOST:
    'A worker thread or a store of states is lost, and with it state that no checkpoint has, or that only a new start brings back.',
  SPARK_FAILED: 'The Spark cluster has not run what it was given.',
  STORAGE_DAMAGED: 'A file in the storage of a cluster is not what was written there.',
  LOG_CORRUPT: 'A log on disk is damaged where it had been written safely.',
  EVENT_UNREADABLE: 'A source met input that it cannot turn into events.',
  NOT_SIMULATED:
    'Code that runs in a simulation called what completes in real time: a timer, a socket, a file of Node itself.',
  SIMULATION_FAILED:
    'A simulated run of a job broke a promise, or the check of the test threw; the message has the seed.',
} as const;

/** One of the codes of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error tells beside its code and message. */
export interface ErrorDetails {
  /** Where it happened: a file with its line, an operator, a peer's address, a component's name. */
  readonly where?: string;
  /** What the user can do about it. */
  readonly hint?: string;
  /** The error that lies behind this one. */
  readonly cause?: unknown;
}

/**
 * The one error class of streamjob.
 *
 * @example
 * try { await client.append(event); }
 * catch (error) { if (error instanceof StreamjobError && error.code === 'REQUEST_TIMEOUT') retryLater(event); }
 */
export class StreamjobError extends Error {
  /** A job of a CommonJS package has a copy of this module of its own: an error is known by its name, not by its class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Error[Symbol.hasInstance](value) && (value as Error).name === 'StreamjobError' && 'code' in (value as Error);
  }

  /** `StreamjobError`. */
  override readonly name = 'StreamjobError';
  /** One of the codes of docs/errors.md. */
  readonly code: ErrorCode;
  /** Where it happened: a file and line, a directory, an address. */
  readonly where: string | undefined;
  /** What to do. */
  readonly hint: string | undefined;

  /** Whether the same may succeed when it is tried again with nothing changed. */
  get canRetry(): boolean {
    return !HOPELESS.has(this.code);
  }

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
  }
}

/** Of these the cause stays whatever is tried again: the code, the settings or the data must change first. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONFIG_INVALID',
  'CONFIG_UNKNOWN',
  'JOB_NOT_FOUND',
  'JOB_INVALID',
  'COMPONENT_INVALID',
  'CONTEXT_STATE',
  'NO_OUTPUT',
  'ASYNC_FUNCTION',
  'DRAIN_IMPOSSIBLE',
  'VALUE_NOT_PLAIN',
  'CHECKPOINT_INCOMPATIBLE',
  'GRAPH_DIFFERS',
  'ENGINE_LOST',
  'LOG_CORRUPT',
  'NOT_SIMULATED',
  'SIMULATION_FAILED',
]);

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}

/** The message of anything that was thrown with what to do about it, in one line. */
export function describeBriefly(thrown: unknown): string {
  const hint = thrown instanceof StreamjobError ? thrown.hint : undefined;
  return hint === undefined ? messageOf(thrown) : `${messageOf(thrown)} (${hint})`;
}

/** The system error code (`EADDRINUSE`, `ENOENT`, …) of anything that was thrown, if it has one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}

/**
 * One error as lines for a person: what happened, where, why, what to do. No stack trace.
 *
 * @example
 * describeError(new StreamjobError('PORT_IN_USE', 'port 41414 is in use', { hint: 'stop the other process' }));
 * // 'PORT_IN_USE: port 41414 is in use\n  do:    stop the other process'
 */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof StreamjobError)) return messageOf(thrown);
  const lines = [`${thrown.code}: ${thrown.message}`];
  if (thrown.where !== undefined) lines.push(`  where: ${thrown.where}`);
  if (thrown.cause !== undefined && !thrown.message.includes(messageOf(thrown.cause))) {
    lines.push(`  cause: ${messageOf(thrown.cause)}`);
  }
  if (thrown.hint !== undefined) lines.push(`  do:    ${thrown.hint}`);
  return lines.join('\n');
}

/** The stack of an error and of what lies behind it: the user's own line is often in the last one. */
export function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** The same on one line, for a log. */
export function errorLine(thrown: unknown): string {
  if (!(thrown instanceof StreamjobError)) return messageOf(thrown);
  const where = thrown.where === undefined ? '' : `, at ${thrown.where.replace(/^.* at /, '')}`;
  return `${thrown.message}${where}${thrown.hint === undefined ? '' : `; ${thrown.hint}`}`;
}

/** A failure to listen on `address` as the error that says so, with what to do. */
export function listenError(thrown: unknown, address: string, owner: string): StreamjobError {
  if (systemCodeOf(thrown) === 'EADDRINUSE') {
    return new StreamjobError('PORT_IN_USE', `${owner} cannot listen on ${address}: the port is in use`, {
      where: address,
      hint: 'stop the process that listens there (ss -ltnp shows it), or choose another port on both sides',
      cause: thrown,
    });
  }
  return new StreamjobError('LISTEN_FAILED', `${owner} cannot listen on ${address}: ${messageOf(thrown)}`, {
    where: address,
    hint: 'use an address of this machine (0.0.0.0 for all) and a port that this user may bind',
    cause: thrown,
  });
}
