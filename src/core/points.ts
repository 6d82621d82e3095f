/**
 * Named points on the way of an event, told over Node's diagnostics channel `streamjob:point`. The fault tests end the
 * process at them; without a subscriber a point costs one look at a flag.
 */
import diagnostics from 'node:diagnostics_channel';

/** Where a process can be told to stand. */
export type Point =
  /** A delivery of a peer was received; nothing of it is written. */
  | 'received'
  /** Received data is in the write-ahead log, synced; nothing was acknowledged. */
  | 'logged'
  /** A batch was cut (and logged, where batches are); none of its stages has run. */
  | 'cut'
  /** All outputs of a batch are done; it has not committed. */
  | 'outputs-done'
  /** The record of a commit is written, not synced. */
  | 'checkpoint-written'
  /** A batch has committed; nothing of it was acknowledged. */
  | 'committed'
  /** An output's files are complete aside; they do not have their name yet. */
  | 'before-rename'
  /** An output's files have their name; its batch knows nothing of it. */
  | 'after-rename'
  /** The embedded agent: events that were put are on their way to the file channel's disk, not synced; their source waits. */
  | 'put-writing'
  /** They are synced; their source was not told. */
  | 'put-synced'
  /** A sink has its receiver's acknowledgement; the events are in the channel still. */
  | 'acknowledged'
  /** What was taken is being deleted from the file channel, not synced. */
  | 'take-writing'
  /** It is deleted, synced; its sink was not told. */
  | 'take-synced';

const channel = diagnostics.channel('streamjob:point');

/** Tells that a point was reached. Subscribers are called before it returns. */
export function reached(point: Point): void {
  if (channel.hasSubscribers) channel.publish(point);
}
