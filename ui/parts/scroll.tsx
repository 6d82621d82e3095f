/** A box whose content may be wider than the page: the box scrolls, the page does not. */
import type { ComponentChildren, JSX, RefObject } from 'preact';

interface ScrollProps {
  readonly label: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  /** For who needs to know what can be seen of the content. */
  readonly element?: RefObject<HTMLElement | null>;
  readonly onScroll?: () => void;
}

/** The box; by the keyboard it is scrolled with the arrows. */
export function Scroll({ children, class: name = '', element, label, onScroll }: ScrollProps): JSX.Element {
  return (
    <section
      class={`scroll ${name}`.trim()}
      aria-label={`${label}, scrolls`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
      tabIndex={0}
      {...(element === undefined ? {} : { ref: element })}
      {...(onScroll === undefined ? {} : { onScroll })}
    >
      {children}
    </section>
  );
}
