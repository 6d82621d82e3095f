/** Where two jobs differ that ran over the same recording: output by output, batch by batch. */
import type { BatchSummary, OutputSummary } from '../../core/events.ts';
import { batchLine } from '../report.ts';

/** How many values of each side a difference shows. */
const SHOWN = 10;

/** What each output of a batch was, as its JSON line has it. */
type Outputs = ReadonlyMap<string, OutputSummary>;

/** Compares the batches of two runs. The order of values in a batch is no difference: it follows from how they were spread. */
export class Differences {
  readonly #batches = new Map<number, Outputs>();

  /** Takes a batch of the first run. */
  first(batch: BatchSummary): void {
    this.#batches.set(batch.time, outputsOf(batch));
  }

  /** Compares a batch of the second run. @returns lines for people, none where nothing differs */
  second(batch: BatchSummary): string[] {
    const before = this.#batches.get(batch.time) ?? new Map();
    this.#batches.delete(batch.time);
    return linesOf(batch.time, before, outputsOf(batch));
  }

  /** What the second run did not have at all: lines for each batch. */
  rest(): string[][] {
    return [...this.#batches].map(([time, outputs]) => linesOf(time, outputs, new Map()));
  }
}

function outputsOf(batch: BatchSummary): Outputs {
  const { outputs } = JSON.parse(batchLine(batch)) as { outputs: readonly OutputSummary[] };
  return new Map(outputs.map((output) => [output.id, output]));
}

function linesOf(time: number, first: Outputs, second: Outputs): string[] {
  return [...new Set([...first.keys(), ...second.keys()])].flatMap((id) => {
    const [gone, come] = [onlyIn(first.get(id), second.get(id)), onlyIn(second.get(id), first.get(id))];
    const more = (output: OutputSummary | undefined): number => output?.more ?? 0;
    const unseen =
      more(first.get(id)) === more(second.get(id)) ? [] : [moreLine(more(first.get(id)), more(second.get(id)))];
    if (gone.length + come.length + unseen.length === 0) return [];
    return [`batch ${time} ${id}`, ...shownOf('-', gone), ...shownOf('+', come), ...unseen];
  });
}

function moreLine(first: number, second: number): string {
  return `  ${first} more values, and ${second}, are beyond those that are printed`;
}

/** The values of one that the other does not have, each as often. */
function onlyIn(one: OutputSummary | undefined, other: OutputSummary | undefined): string[] {
  const left = new Map<string, number>();
  for (const value of other?.elements ?? []) {
    const text = JSON.stringify(value);
    left.set(text, (left.get(text) ?? 0) + 1);
  }
  return (one?.elements ?? [])
    .map((value) => JSON.stringify(value))
    .filter((text) => {
      const count = left.get(text) ?? 0;
      left.set(text, count - 1);
      return count <= 0;
    });
}

function shownOf(sign: '-' | '+', values: readonly string[]): string[] {
  const more = values.length > SHOWN ? [`  ${sign} … and ${values.length - SHOWN} more`] : [];
  return [...values.slice(0, SHOWN).map((value) => `  ${sign} ${value}`), ...more];
}
