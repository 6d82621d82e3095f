/**
 * Finds what goes around the machine: what Node does in real time (a timer, a file, zlib, dns, native code) completes at a moment that no
 * seed decides, so that two runs of it differ. Watching costs a fifth of the time of events that do nothing but settle promises, and
 * nothing that could be measured where an agent and a job work.
 */
import { createHook } from 'node:async_hooks';
import { userFrame } from '../../core/call-site.ts';
import { StreamjobError } from '../../core/errors.ts';

/**
 * What runs between two events: promise jobs and ticks, and from Node 24 on a wrapper of a callback for the end of a stream, which is
 * called in a tick.
 */
const ALLOWED = new Set(['PROMISE', 'TickObject', 'Microtask', 'STREAM_END_OF_STREAM']);

/** What Node calls what it does, and what users call to get it. */
const CALLS: readonly (readonly [RegExp, string])[] = [
  [/^Immediate$/, 'setImmediate'],
  [/^Timeout$/, 'setTimeout, setInterval or AbortSignal.timeout'],
  [/^(FS|FILEHANDLE|DIRHANDLE|STATWATCHER)/, 'node:fs'],
  [/^(GETADDRINFO|GETNAMEINFO|QUERYWRAP|DNSCHANNEL)/, 'fetch, node:http or node:dns, which look up a host'],
  [/^(TCP|PIPE|TLS|UDP|HTTP|SHUTDOWNWRAP|WRITEWRAP)/, 'fetch, node:http or node:net'],
  [/^(ZLIB|BROTLI|ZSTD)/, 'node:zlib'],
  [/^(PROCESSWRAP)/, 'node:child_process'],
  [/^(WORKER|MESSAGEPORT)/, 'node:worker_threads'],
  [/^(RANDOMBYTES|RANDOMPRIME|PBKDF2|SCRYPT|HASH|SIGN|VERIFY|KEY|CIPHER|DERIVEBITS|CHECKPRIME)/, 'node:crypto'],
];

/** What Node does for itself, and nothing waits for: it writes what `console` is told, and goes on after an error that nobody caught. */
const NODES_OWN = ['node:internal/console', 'node:internal/process/execution'];
const MOST_FRAMES = 50;

/**
 * Watches until it is ended.
 * @param isRunning whether code of a process is running
 * @param isQueueing whether the scheduler asks for immediates, in which it runs its events
 * @param found told of each real call, with where it was made
 * @returns ends it
 */
export function watchRealCalls(
  isRunning: () => boolean,
  isQueueing: () => boolean,
  found: (error: StreamjobError) => void,
): () => void {
  const hook = createHook({
    init(_id, type) {
      if (ALLOWED.has(type) || !isRunning() || (type === 'Immediate' && isQueueing())) return;
      const { stack = '' } = stackHere();
      if (!NODES_OWN.some((own) => stack.includes(own))) found(realCall(type, stack));
    },
  });
  hook.enable();
  return () => hook.disable();
}

function stackHere(): Error {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = MOST_FRAMES;
  try {
    return new Error();
  } finally {
    Error.stackTraceLimit = before;
  }
}

function realCall(type: string, stack: string): StreamjobError {
  const [, call = "one of Node's own calls"] = CALLS.find(([pattern]) => pattern.test(type)) ?? [];
  const where = userFrame(stack);
  return new StreamjobError(
    'NOT_SIMULATED',
    `code of a simulation calls ${call}: it completes in real time, which no seed decides (${type})`,
    {
      ...(where === undefined ? {} : { where }),
      hint: 'leave the call out of functions and outputs, or give the job another one to call in tests; import modules before the simulation begins',
    },
  );
}
