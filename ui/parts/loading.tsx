/** What stands where a view has nothing to show yet. */
import type { JSX } from 'preact';
import { link } from '../data/live.ts';
import { recordingHead } from '../data/recording.ts';
import { Empty } from './panel.tsx';

/** Why there is nothing. */
export function Loading(): JSX.Element {
  if (recordingHead !== undefined) return <Empty>This is not in the recording.</Empty>;
  return link.value.kind === 'lost' ? (
    <Empty>The job was gone before this was loaded. It appears when the job answers again.</Empty>
  ) : (
    <Empty>
      <span class="soon">Asking the job…</span>
    </Empty>
  );
}
