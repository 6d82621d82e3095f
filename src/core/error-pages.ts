/**
 * What a person wants to know of each error code beside its meaning: why it comes, what to do, where more is said. `streamjob explain` shows
 * it, and docs/errors.md is made of it (`npm run docs:errors`).
 */
import type { ErrorCode } from './errors.ts';

/** The page of one code. */
export interface ErrorPage {
  /** Why the error comes. */
  readonly why: string;
  /** What to do about it. */
  readonly todo: string;
  /** Where more is said: a page of docs/, with or without a heading of it. */
  readonly see: string;
}

const [JOB, AGENT, FLUME, LEVELS] = ['options.md#a-job', 'agent.md#the-file', 'agent.md', 'reliability.md#levels'];
const [RELIABILITY, PROGRAMS, OPERATORS, COMMANDS] = ['reliability.md', 'programs.md', 'operators.md', 'commands.md'];
const [PUSH, PULL, CLIENT] = ['options.md#flumestream', 'options.md#flumepollingstream', 'options.md#rpcclient'];

/** The pages, by code, in the order of the codes. */
export const ERROR_PAGES: Readonly<Record<ErrorCode, ErrorPage>> = {
  CONFIG_INVALID: {
    why: 'A value is not of its kind (no duration, no port), is out of its range, or two options contradict each other: a batch interval over half of the request timeout of the peers, say.',
    todo: 'Correct the option that the message names. `streamjob check FILE` finds all that is wrong with a job or a flume.conf without starting anything.',
    see: JOB,
  },
  CONFIG_UNKNOWN: {
    why: 'Mostly a slip of the pen, or a name of another version.',
    todo: 'Use the name that the message says is the nearest, or look it up.',
    see: JOB,
  },
  JOB_NOT_FOUND: {
    why: 'The path is read from the working directory, and there is no file.',
    todo: 'Give the path of the job file as it is from where the command is called.',
    see: COMMANDS,
  },
  JOB_INVALID: {
    why: 'The file or one that it imports has a syntax error, an import of it is not there, its code or the build function threw, or its default export is not what `defineJob` gives.',
    todo: 'Mend it at the line of the message; `--stack-trace` shows the stack. A package that is not there is installed by `npm install`.',
    see: COMMANDS,
  },
  COMPONENT_INVALID: {
    why: 'The create function of a source, sink, channel, interceptor, selector or serializer of yours threw, or the object that it gave lacks a method or answered with something of another kind.',
    todo: 'Mend the component; the contracts of `streamjob/testing` (`sourceContract` and so on) are the tests that it must pass.',
    see: 'own-components.md',
  },
  CONTEXT_STATE: {
    why: 'The graph is built before `start()`, a context starts once, and what belongs to a batch can be used while the batch runs.',
    todo: 'Move the call to where the message says that it is allowed.',
    see: PROGRAMS,
  },
  NO_OUTPUT: {
    why: 'Operators only describe what is to be computed. Without an output nothing asks for a result.',
    todo: 'End a stream with an output: `print()`, `foreachRDD(…)`, `saveAsTextFiles(…)`.',
    see: OPERATORS,
  },
  ASYNC_FUNCTION: {
    why: 'An operator uses at once what its function returns. A promise would be taken for the value, and nobody would wait for it.',
    todo: 'Do what takes time in `mapAsync`, or in `foreachRDD`, whose promise the batch waits for.',
    see: OPERATORS,
  },
  KEY_INVALID: {
    why: 'Keys are compared by value, on every member of an engine. An instance of a class, a function or a symbol has no value that could be compared so.',
    todo: 'Make the key of strings, numbers, bigints, booleans, Dates, or arrays or plain objects of them.',
    see: OPERATORS,
  },
  EMPTY_COLLECTION: {
    why: '`first`, `reduce`, `max` and the like have no answer for no values, and a batch may be empty; `State.get()` has none for a key without a state.',
    todo: 'Ask `isEmpty()` or `exists()` first, or use `take`, `fold` or `getOption()`.',
    see: OPERATORS,
  },
  ZIP_MISMATCH: {
    why: '`zip` pairs values by their places in the partitions. A filter or a shuffle on one side moves them.',
    todo: 'Zip only RDDs that were made from one another by `map`; otherwise join by a key.',
    see: OPERATORS,
  },
  USER_FUNCTION: {
    why: 'A function of the job threw, gave something that its operator cannot use, or did not end in time. The message has the operator, your line, and the value where it is known.',
    todo: 'Mend the function. Where single values are bad, `onPoison: "skip"` leaves them out, and `deadLetterFile` keeps them.',
    see: JOB,
  },
  BATCH_FAILED: {
    why: 'A function of the job or an output failed, and `onFailure` is stop, `maxRetries` was reached, or no other try could succeed. Nothing of the batch was acknowledged: its events come again.',
    todo: 'Remove the cause that the message names and start again. With `onFailure: "retry"` a batch is tried until it succeeds.',
    see: JOB,
  },
  DRAIN_IMPOSSIBLE: {
    why: 'A job is drained when every source of its embedded agent has ended. Sources that listen never do, and without an embedded agent nobody knows.',
    todo: 'Use sources that end (spooldir, exec, seq with totalEvents), or stop by `--batches N` or Ctrl+C.',
    see: COMMANDS,
  },
  PORT_IN_USE: {
    why: 'Another process listens there: often an earlier run that has not ended, or an agent of the same configuration.',
    todo: 'End the process (`ss -ltnp` shows it), or take another port, on both sides.',
    see: PUSH,
  },
  LISTEN_FAILED: {
    why: 'The address is none of this machine, or the user may not use the port (those below 1024).',
    todo: 'Listen on an address of this machine, 0.0.0.0 for all, and on a port from 1024 on.',
    see: PUSH,
  },
  TLS_INVALID: {
    why: 'The file is not there or cannot be read, is in another format than its type says, wants another password, or key and certificate do not belong together.',
    todo: 'Give PEM texts as key and cert, or a PKCS#12 or JKS store with its password.',
    see: FLUME,
  },
  FILE_NOT_FOUND: {
    why: 'A flume.conf, an input, a checkpoint or another file of the call is not at its path. A job names its agent relative to itself; a flag is relative to the working directory.',
    todo: 'Correct the path, or bring the file.',
    see: COMMANDS,
  },
  FILE_EXISTS: {
    why: 'What somebody has written is never replaced: results of another batch, a file of the same name, a directory with files in it.',
    todo: 'Choose another path (with the time of the batch in it), or move away what is there.',
    see: OPERATORS,
  },
  FILE_ACCESS: {
    why: 'The user has no right to it, the disk is full or fails, or the path is a directory where a file is wanted. A storage in S3 cannot be reached, has no such bucket, or refuses the keys.',
    todo: 'See rights and disk of the path that the message names. What was not written is not acknowledged.',
    see: RELIABILITY,
  },
  CONNECT_FAILED: {
    why: 'Nobody listens on that host and port, a firewall is between, or the name of the host has no address.',
    todo: 'See that the peer runs and where it listens. Sinks and receivers try again by themselves.',
    see: FLUME,
  },
  CONNECTION_CLOSED: {
    why: 'The peer was stopped or restarted, or something between closed the connection. Whether the call had an effect is not known: events that were not acknowledged are sent again.',
    todo: "Nothing where it is rare; otherwise see the peer's log.",
    see: RELIABILITY,
  },
  HANDSHAKE_FAILED: {
    why: 'Something else listens on that port, or the peer is of the other way: an Avro sink sends to `flumeStream`, a Spark sink is asked by `flumePollingStream`. Or a driver refuses a host that receives for it: its job has other inputs, or another host has its name.',
    todo: 'See what listens on the port, and whether compression and TLS are on on both sides or on neither. Hosts that receive run the job file of the driver, each with a name of its own.',
    see: FLUME,
  },
  REQUEST_TIMEOUT: {
    why: 'The peer is busy, hangs, or acknowledges only after a batch that takes longer than the timeout.',
    todo: 'Raise the timeout, make batches shorter, or see why the peer is slow.',
    see: CLIENT,
  },
  RPC_REJECTED: {
    why: 'The peer is there and cannot take the events now: its channel is full, its job fails, or its batch was given up.',
    todo: "See the peer's log. The events stay with the sender and are sent again.",
    see: RELIABILITY,
  },
  RPC_ERROR: {
    why: 'The call reached the peer, and failed there: its channel cannot give so many events at once, a table is not there, a right is missing.',
    todo: 'Do what the answer of the peer, which is in the message, asks for.',
    see: PULL,
  },
  PROTOCOL_ERROR: {
    why: 'Something else than Avro RPC was sent, one side compresses or uses TLS and the other does not, or data was damaged on its way.',
    todo: 'Set compression and TLS alike on both sides, and see who connects to the port.',
    see: FLUME,
  },
  FRAME_TOO_LARGE: {
    why: 'A batch of the sender is larger than what this side takes, or what came is no frame: the beginning of a TLS record reads as a large number.',
    todo: 'Send smaller batches (batch-size of the sink), or raise `maxFrameBytes`.',
    see: PUSH,
  },
  LIMIT_EXCEEDED: {
    why: 'Limits keep one peer from taking all memory: the number of events of a request, and of the headers of an event.',
    todo: 'Send less at once, or raise the limit that the message names.',
    see: PUSH,
  },
  MEMORY_BUDGET: {
    why: 'Values come faster than batches take them.',
    todo: 'Slow the source down, raise its buffer, or let it drop values (`overflow`).',
    see: 'options.md#fromobservable',
  },
  CHANNEL_FULL: {
    why: 'Sources bring more than sinks deliver: the receiver is slow or away, or the disk is full. The source is told no, and keeps the events where it can.',
    todo: 'Raise capacity or byteCapacity, free space on the disk, or see why the sinks are slow.',
    see: 'components.md',
  },
  CHANNEL_CLOSED: {
    why: 'An agent or channel was used before it was started, or after it was stopped; or a part did not stop in time. What is in file channels is safe.',
    todo: 'Put events between start and stop only; after an end that was cut short start the agent again, which delivers the rest.',
    see: FLUME,
  },
  TRANSACTION_STATE: {
    why: 'A source or sink of your own took or put events without a transaction that is open, or committed or closed it twice.',
    todo: 'Begin, put or take, commit or roll back, close: in this order, once each.',
    see: 'own-components.md',
  },
  TRANSACTION_FULL: {
    why: 'The batch of a source or sink is larger than a transaction of the channel may be.',
    todo: 'Raise transactionCapacity of the channel, or make the batches (batchSize, batch-size) smaller.',
    see: 'components.md',
  },
  CHANNEL_CORRUPT: {
    why: 'The disk gave back something else than was written to it, or somebody changed the files.',
    todo: 'Stop the agent and call `streamjob tool fcintegrity -l DIR`, which says what is damaged; with `--repair` it keeps what is whole. Then check the disk.',
    see: COMMANDS,
  },
  ENCRYPTION_KEY: {
    why: 'The file or variable of a key is not there, has not 16, 24 or 32 bytes of base64, or is another key than that of the events on disk.',
    todo: 'Give the key that the events were encrypted with; a new one is added beside it until they are gone.',
    see: 'agent.md#encryption-at-rest',
  },
  CHANNEL_LOCKED: {
    why: 'Two agents, or an agent and a tool, would write the same directory. A process that was killed does not hold it.',
    todo: 'Stop the other process, or give each file channel a directory of its own.',
    see: AGENT,
  },
  CHECKPOINT_LOCKED: {
    why: 'One run uses a checkpoint at a time, and another one does. A run that was killed does not hold it.',
    todo: 'Stop the other run, or give this one a checkpointDir, or a name, of its own.',
    see: LEVELS,
  },
  CHECKPOINT_INCOMPATIBLE: {
    why: 'The job was changed: an operator of another kind has the name of one that remembers something, the interval does not divide the old one, a state has another version. Or a batch that `exactlyOncePartition` has written in part has other partitions now.',
    todo: 'Give the changed operator a uid of its own (it then starts empty), give `migrate` for a state of another version, or run the job as it was (with the `parallelism` that it had).',
    see: LEVELS,
  },
  CHECKPOINT_VALUE: {
    why: 'What is to outlive a crash is written as data: a function, a promise or an instance of a class cannot be. Or `validate` of the operator refused the value.',
    todo: 'Remember primitives, arrays, plain objects, Dates, Maps, Sets or typed arrays.',
    see: LEVELS,
  },
  VALUE_NOT_PLAIN: {
    why: 'Threads share no objects: what goes from one to another is copied, and functions and instances of classes cannot be.',
    todo: "Give plain data to shuffles and outputs, or use `engine: 'inline'`.",
    see: 'speed.md',
  },
  GRAPH_DIFFERS: {
    why: 'Each worker thread calls the build function again, and it made another graph there: it looked at the time, a random number, or something that only the main thread has.',
    todo: 'Let nothing in build depend on what differs from call to call.',
    see: PROGRAMS,
  },
  WORKER_LOST: {
    why: 'A thread ran out of memory, called process.exit, or an error was thrown in it where nobody could catch it.',
    todo: 'Nothing where it is rare: the batch is run again by new threads. If it comes again, see the cause in the message; more memory is given by NODE_OPTIONS=--max-old-space-size=4096.',
    see: 'speed.md',
  },
  ENGINE_LOST: {
    why: 'States were in the memory of a thread or in a store that is gone, and cannot be brought back without a new start.',
    todo: 'Start the job again; with a checkpointDir it goes on from there. Without one, states begin empty.',
    see: LEVELS,
  },
  SPARK_FAILED: {
    why: 'The Spark cluster could not run a plan: an executor has no Node.js, has run out of memory, or was lost more often than Spark tries again.',
    todo: 'See the message, which has the end of what Spark says, and the logs of the executors. The batch is run again meanwhile.',
    see: 'spark.md',
  },
  STORAGE_DAMAGED: {
    why: 'Files of states, or of data on its way, were changed or cut off while the job ran: a disk that fails, a hand that removed some of them, a rule that removes old objects of a bucket.',
    todo: 'The batch is run again; states are put back from the checkpoint, where there is one. Look at the disk of the storage.',
    see: 'spark.md',
  },
  LOG_CORRUPT: {
    why: 'Files of a checkpoint are gone or changed: a disk that fails, a copy that was not whole, a hand that removed some of them.',
    todo: 'Bring the directory back from a copy; `streamjob checkpoint DIR --check` says what is damaged. To start without what it remembers, move it away. Check the disk.',
    see: LEVELS,
  },
  EVENT_UNREADABLE: {
    why: 'A file or a message is in another encoding or format than the component was told, or an event lacks a header that it needs.',
    todo: 'Set the encoding or the pattern right, say what is to become of bad input (decodeErrorPolicy), or drop such events by an interceptor.',
    see: 'components.md',
  },
  NOT_SIMULATED: {
    why: 'A simulated run has its own time, network and disk, made of a seed. What goes past them to Node ends at a moment that no seed decides.',
    todo: 'Leave the call out of functions and outputs that run in a simulation, and import modules before it begins.',
    see: 'programs.md#in-a-simulator',
  },
  SIMULATION_FAILED: {
    why: 'Under the faults of that seed an event was lost or counted twice, or what the test checks did not hold.',
    todo: 'Run the seed of the message again: all happens as before, and can be looked at.',
    see: 'simulation.md',
  },
};
