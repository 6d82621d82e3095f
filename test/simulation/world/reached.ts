/** What a simulation came by, counted from what is told of it: many seeds that never come by something say nothing about it. */
import { Story } from '../../../src/simulation/world/story.ts';

/** What is counted, and the lines that tell of it. */
const STATES: readonly (readonly [name: string, line: RegExp])[] = [
  ['runs that went on from a checkpoint', /^job info: the run goes on from/],
  ['batches of a killed run that were run again', /^job info: batch \d+ of the last run is run again/],
  ['batches given up', /^job warn: batch \d+ was given up/],
  ['attempts of batches that failed', /^job error: batch \d+ failed \(attempt/],
  ['receivers stopped by the backlog', /^job warn: receivers stop reading/],
  ['events that could not be logged', /^job error: received events cannot be kept/],
  ['batches with dead letters', /^job warn: batch \d+: \d+ values were left out/],
  ['requests answered FAILED in time', /^job warn: .*answered FAILED/],
  ['graceful stops that ran out of time', /^job warn: .*graceful stop took longer/],
  ['runs of another version of the job', /^world: the next run is one of the other version/],
  ['damage that was found', /^job\/job: ended: the log is damaged/],
  ['starts that failed for the disk', /^job\/job: ended: .*(EIO|ENOSPC)/],
  ['agents that put events on their disk', /^agent\d+ warn: .*Events are written to disk/],
  ['agents whose channel was full', /^agent\d+ warn: .*a channel did not take a batch/],
];

/** A story that counts what it comes by. */
export class CountedStory extends Story {
  /** How often each was come by. */
  readonly reached: Map<string, number> = new Map();

  override tell(who: string, what: string): void {
    super.tell(who, what);
    const line = `${who}: ${what}`;
    for (const [name, pattern] of STATES) {
      if (pattern.test(line)) this.reached.set(name, (this.reached.get(name) ?? 0) + 1);
    }
  }
}
