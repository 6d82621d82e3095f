/** Light or dark: as the system says, or as the viewer chose here, which is kept. */
import { type Signal, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'streamjob-theme';

export const theme: Signal<Theme> = signal<Theme>(THEMES.find((one) => one === kept()) ?? 'system');
/** Counts changes of the colours: charts are drawn anew with each. */
export const colours: Signal<number> = signal(0);

/** Chooses one. */
export function setTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser may keep nothing; the choice holds until the page is left.
  }
  apply();
}

/** The one behind the present one. */
export function nextTheme(): Theme {
  return THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system';
}

/** Applies what is kept, and follows the system. */
export function startTheme(): void {
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => colours.value++);
}

function apply(): void {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
  colours.value++;
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** A colour of the style sheet as a canvas takes it: light-dark() is worked out. @example colour('--accent') */
export function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
