/** What the time of a batch was spent on: as a bar, and as a list of what the colours mean. */
import type { JSX } from 'preact';
import { SEGMENTS, sumOf } from '../chart/buckets.ts';
import type { Segments } from '../data/types.ts';
import { fineDuration } from '../format/duration.ts';

/** Names for people. */
export const SEGMENT_NAMES: Readonly<Record<keyof Segments, string>> = {
  waited: 'waited',
  stages: 'stages',
  outputs: 'outputs',
  commit: 'commit',
  other: 'other',
  acknowledged: 'acknowledged',
};

/** Colours with their names, and values where there are some. */
export function SegmentKey({ segments }: { readonly segments: Segments | undefined }): JSX.Element {
  return (
    <ul class="key">
      {SEGMENTS.map((name) => (
        <li key={name}>
          <span class={`chip segment-${name}`} />
          <span>{SEGMENT_NAMES[name]}</span>
          <b>{segments === undefined ? '' : fineDuration(segments[name])}</b>
        </li>
      ))}
    </ul>
  );
}

/** The bar. */
export function SegmentBar({ segments }: { readonly segments: Segments }): JSX.Element {
  const all = sumOf(segments);
  return (
    <div class="segment-bar" aria-hidden="true">
      {SEGMENTS.filter((name) => segments[name] > 0).map((name) => (
        <span key={name} class={`segment-${name}`} style={{ width: `${(segments[name] / all) * 100}%` }} />
      ))}
    </div>
  );
}
