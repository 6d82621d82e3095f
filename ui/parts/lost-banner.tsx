/** Says that the job does not answer, from when what is shown is, and when the page tries again. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { connect, link, overview } from '../data/live.ts';
import { timeOfDay } from '../format/time.ts';
import { Icon } from './icon.tsx';

/** The banner; nothing while the job answers. */
export function LostBanner(): JSX.Element | null {
  const state = link.value;
  const [now, setNow] = useState(Date.now());
  const isLost = state.kind === 'lost';
  useEffect(() => {
    if (!isLost) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isLost]);
  if (state.kind !== 'lost') return null;
  const seconds = Math.max(0, Math.ceil((state.nextTryAt - now) / 1000));
  return (
    <section class="banner" aria-label="Connection">
      <p role="status">
        <Icon name="alert" /> The job does not answer since {timeOfDay(state.since)}.
        {overview.value === undefined ? '' : ' What is shown is from before.'}
      </p>
      <span class="banner-next">{seconds === 0 ? 'trying…' : `next try in ${seconds} s`}</span>
      <button type="button" onClick={connect}>
        Try now
      </button>
    </section>
  );
}
