/** A box whose content may be wider than the page: the box scrolls, the page does not. */
import type { ComponentChildren, JSX } from 'preact';

/** The box; by the keyboard it is scrolled with the arrows. */
export function Scroll(props: { readonly label: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
    <section class="scroll" aria-label={`${props.label}, scrolls`} tabIndex={0}>
      {props.children}
    </section>
  );
}
