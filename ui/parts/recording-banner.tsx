/** Says that the page is a recording, of what, and from when: nothing in it changes. */
import type { JSX } from 'preact';
import { recordingHead } from '../data/recording.ts';
import { batchTime } from '../format/time.ts';
import { Icon } from './icon.tsx';

/** The banner; nothing where a job is behind the page. */
export function RecordingBanner(): JSX.Element | null {
  if (recordingHead === undefined) return null;
  const { job, recordedAt, version, withEvents } = recordingHead;
  return (
    <section class="banner" aria-label="Recording">
      <p>
        <Icon name="info" /> A recording of {job}, from {batchTime(recordedAt, false)} (streamjob {version}). Nothing in
        it changes{withEvents ? '' : '; the events of dead letters were left out'}.
      </p>
    </section>
  );
}
