/** The frame of all views: the name of the job, the way to the views, how the job does, and the view itself. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { link, overview, paused, setPaused } from './data/live.ts';
import { recordingHead } from './data/recording.ts';
import { route } from './navigation.ts';
import { Footer } from './parts/footer.tsx';
import { Icon } from './parts/icon.tsx';
import { LostBanner } from './parts/lost-banner.tsx';
import { Empty, Mark } from './parts/panel.tsx';
import { RecordingBanner } from './parts/recording-banner.tsx';
import { LOST_LOOK, VERDICT_LOOKS } from './parts/verdict.ts';
import type { Route, View } from './route.ts';
import { nextTheme, setTheme, type Theme, theme } from './theme.ts';
import { Agent } from './views/agent.tsx';
import { Batch } from './views/batch.tsx';
import { Batches } from './views/batches.tsx';
import { Cluster } from './views/cluster.tsx';
import { DeadLetters } from './views/deadletters.tsx';
import { Graph } from './views/graph.tsx';
import { Log } from './views/log.tsx';
import { Overview } from './views/overview.tsx';
import { Profile } from './views/profile.tsx';
import { Receivers } from './views/receivers.tsx';
import { Settings } from './views/settings.tsx';
import { States } from './views/states.tsx';
import { Tap } from './views/tap.tsx';

const VIEWS: readonly (readonly [View, string, string])[] = [
  ['overview', '/', 'Overview'],
  ['batches', '/batches', 'Batches'],
  ['graph', '/graph', 'Graph'],
  ['receivers', '/receivers', 'Receivers'],
  ['agent', '/agent', 'Agent'],
  ['cluster', '/cluster', 'Cluster'],
  ['states', '/states', 'States'],
  ['tap', '/tap', 'Tap'],
  ['profile', '/profile', 'Profile'],
  ['deadletters', '/deadletters', 'Dead letters'],
  ['log', '/log', 'Log'],
  ['settings', '/settings', 'Settings'],
];

/** The page. */
export function App(): JSX.Element {
  const here = route.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const job = overview.value?.name;
  const { time, view } = here;
  useEffect(() => {
    if (!isFirst.current) main.current?.querySelector('h1')?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [view, time]);
  useEffect(() => {
    document.title = [recordingHead && 'recording', titleOf(here), job, 'streamjob']
      .filter((part) => part !== undefined)
      .join(' · ');
  }, [here, job]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header view={view} />
      <LostBanner />
      <RecordingBanner />
      <main id="main" ref={main} tabIndex={-1}>
        <Shown here={here} />
      </main>
      <Footer />
    </>
  );
}

function titleOf({ time, view }: Route): string {
  if (view === 'batch') return `Batch ${time}`;
  return VIEWS.find(([one]) => one === view)?.[2] ?? 'Not found';
}

/** Views of what a job does while somebody looks: a recording has nothing of that. */
const LIVE: readonly View[] = ['tap', 'profile'];

function Shown({ here: { time = 0, view } }: { readonly here: Route }): JSX.Element {
  if (recordingHead !== undefined && LIVE.includes(view)) {
    return (
      <>
        <h1 tabIndex={-1}>{titleOf({ view })}</h1>
        <Empty>This needs the job itself: a recording has nothing of what is asked for while somebody looks.</Empty>
      </>
    );
  }
  switch (view) {
    case 'overview':
      return <Overview />;
    case 'batches':
      return <Batches />;
    case 'batch':
      return <Batch time={time} />;
    case 'graph':
      return <Graph />;
    case 'receivers':
      return <Receivers />;
    case 'agent':
      return <Agent />;
    case 'cluster':
      return <Cluster />;
    case 'states':
      return <States />;
    case 'deadletters':
      return <DeadLetters />;
    case 'log':
      return <Log />;
    case 'tap':
      return <Tap />;
    case 'profile':
      return <Profile />;
    case 'settings':
      return <Settings />;
    case 'missing':
      return (
        <>
          <h1 tabIndex={-1}>There is no such view</h1>
          <Empty>
            The <a href="/">overview</a> leads on.
          </Empty>
        </>
      );
  }
}

function Header({ view }: { readonly view: View }): JSX.Element {
  const now = overview.value;
  const views = useRef<HTMLElement>(null);
  // Where the row of views is wider than the page, the present one is to be seen.
  useEffect(() => views.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' }), [view]);
  return (
    <header class="head">
      <a class="brand" href="/" aria-label={`${now?.name ?? 'streamjob'}: overview`}>
        <svg width="18" height="18" viewBox="0 0 16 16" aria-hidden="true">
          <rect y="2" width="9" height="3" rx="1" />
          <rect x="3" y="6.5" width="10" height="3" rx="1" opacity=".7" />
          <rect x="7" y="11" width="9" height="3" rx="1" opacity=".45" />
        </svg>
        <span>{now?.name ?? 'streamjob'}</span>
      </a>
      <nav class="views" aria-label="Views" ref={views}>
        {VIEWS.map(([name, path, title]) => (
          <a key={name} href={path} aria-current={name === (view === 'batch' ? 'batches' : view) ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <div class="tools">
        {now !== undefined && <Mark look={link.value.kind === 'lost' ? LOST_LOOK : VERDICT_LOOKS[now.verdict.kind]} />}
        {recordingHead === undefined && <PauseSwitch />}
        <ThemeSwitch />
      </div>
    </header>
  );
}

function PauseSwitch(): JSX.Element {
  return (
    <button
      type="button"
      class="tool"
      aria-pressed={paused.value}
      title="Let what is shown stand still"
      onClick={() => setPaused(!paused.value)}
    >
      <Icon name={paused.value ? 'play' : 'pause'} />
      <span>{paused.value ? 'Go on' : 'Pause'}</span>
    </button>
  );
}

const THEME_ICONS = { system: 'contrast', light: 'sun', dark: 'moon' } as const satisfies Record<Theme, string>;

function ThemeSwitch(): JSX.Element {
  const label = `Colours: ${theme.value === 'system' ? 'as the system' : theme.value}. Change to ${nextTheme()}`;
  return (
    <button type="button" class="tool" aria-label={label} title={label} onClick={() => setTheme(nextTheme())}>
      <Icon name={THEME_ICONS[theme.value]} />
    </button>
  );
}
