/** Below all views: the page can be saved as it is. */
import type { JSX } from 'preact';
import { recordingHead } from '../data/recording.ts';

/** The footer; a recording is saved already. */
export function Footer(): JSX.Element | null {
  if (recordingHead !== undefined) return null;
  return (
    <footer class="foot">
      <p>
        <a href="/recording.html" download>
          Save a recording
        </a>{' '}
        of this page for a bug report: one file that opens without a server, with passwords left out. Dead letters hold
        events:{' '}
        <a href="/recording.html?events=no" download>
          save it without them
        </a>
        .
      </p>
    </footer>
  );
}
