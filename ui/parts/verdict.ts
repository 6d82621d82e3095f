/** How verdicts and states look: an icon and a tone, beside the words. */
import type { Receiver, VerdictKind } from '../data/types.ts';
import type { IconName } from './icon.tsx';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

export interface Look {
  readonly icon: IconName;
  readonly tone: Tone;
  readonly word: string;
}

export const VERDICT_LOOKS: Readonly<Record<VerdictKind, Look>> = {
  starting: { icon: 'hourglass', tone: 'quiet', word: 'starting' },
  'keeping-up': { icon: 'check', tone: 'good', word: 'keeping up' },
  'falling-behind': { icon: 'falling', tone: 'bad', word: 'falling behind' },
  'catching-up': { icon: 'rising', tone: 'warn', word: 'catching up' },
  failing: { icon: 'alert', tone: 'bad', word: 'failing' },
  idle: { icon: 'idle', tone: 'quiet', word: 'idle' },
  stopped: { icon: 'stop', tone: 'quiet', word: 'stopped' },
};

export const RECEIVER_LOOKS: Readonly<Record<Receiver['state'], Look>> = {
  starting: { icon: 'hourglass', tone: 'quiet', word: 'starting' },
  running: { icon: 'check', tone: 'good', word: 'running' },
  restarting: { icon: 'refresh', tone: 'warn', word: 'restarting' },
  stopped: { icon: 'stop', tone: 'quiet', word: 'stopped' },
};

/** While the job does not answer, nobody knows how it does. */
export const LOST_LOOK: Look = { icon: 'alert', tone: 'warn', word: 'no answer' };
