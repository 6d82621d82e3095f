/** What holds the job up, why, and the options that would change it. */
import type { JSX } from 'preact';
import type { Bottleneck } from '../data/types.ts';
import { Empty, Mark, Panel } from './panel.tsx';
import type { Look } from './verdict.ts';

const HOLDING: Look = { icon: 'alert', tone: 'bad', word: 'the job is held up' };
const KEEPING_UP: Look = { icon: 'check', tone: 'good', word: 'nothing holds the job up' };

interface BottleneckProps {
  /** Undefined: no batch with events was run lately. */
  readonly bottleneck: Bottleneck | undefined;
  /** Whether it is of one batch, and not of now. */
  readonly isOfBatch: boolean;
}

/** The panel. */
export function BottleneckPanel({ bottleneck, isOfBatch }: BottleneckProps): JSX.Element {
  return (
    <Panel
      title={isOfBatch ? 'Bottleneck of the batch' : 'Bottleneck'}
      aside={bottleneck && <Mark look={bottleneck.isHolding ? HOLDING : KEEPING_UP} />}
    >
      {bottleneck === undefined ? (
        <Empty>{isOfBatch ? 'The batch had no events.' : 'No batch with events was run in the last seconds.'}</Empty>
      ) : (
        <>
          <p class="bottleneck">{sentence(bottleneck.text)}</p>
          <p class="bottleneck-advice">
            {bottleneck.isHolding || bottleneck.cause === 'nothing' ? '' : 'If it had to be faster: '}
            {bottleneck.advice} <Options names={bottleneck.settings} />
          </p>
        </>
      )}
    </Panel>
  );
}

/** In a line, where the job is held up; nothing else. */
export function BottleneckLine({ bottleneck }: { readonly bottleneck: Bottleneck | null }): JSX.Element | null {
  if (bottleneck === null || !bottleneck.isHolding) return null;
  return (
    <p class="bottleneck-line">
      {sentence(bottleneck.text)}. {bottleneck.advice} <a href="/graph">The graph</a> shows where.
    </p>
  );
}

/** The options that are named, as they are set now. */
function Options({ names }: { readonly names: readonly string[] }): JSX.Element | null {
  if (names.length === 0) return null;
  return (
    <span class="bottleneck-options">
      {names.length === 1 ? 'Option: ' : 'Options: '}
      {names.map((name) => (
        <a key={name} href={`/settings?search=${encodeURIComponent(name)}`}>
          {name}
        </a>
      ))}
    </span>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
