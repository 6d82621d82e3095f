/** Parts of views: headed sections, empty states, names with what they are. */
import type { ComponentChildren, JSX } from 'preact';
import { Icon } from './icon.tsx';
import type { Look } from './verdict.ts';

interface PanelProps {
  readonly title: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly class?: string;
}

/** A section with a heading. */
export function Panel({ aside, children, class: name = '', title }: PanelProps): JSX.Element {
  return (
    <section class={`panel ${name}`}>
      <div class="panel-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** What is said where there is nothing yet, and what to do about it. */
export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

/** A word with its icon, in its tone. */
export function Mark({ look, text }: { readonly look: Look; readonly text?: string }): JSX.Element {
  return (
    <span class={`mark tone-${look.tone}`}>
      <Icon name={look.icon} size={14} />
      {text ?? look.word}
    </span>
  );
}

/** A place in the user's code. */
export function Site({ site }: { readonly site: string | null }): JSX.Element | null {
  return site === null ? null : <code class="site">{site}</code>;
}

/** Names and values. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
