/** The pages of a long table; which one is shown stands in the address. */
import type { JSX } from 'preact';
import { count } from '../format/number.ts';
import { query, setQuery } from '../navigation.ts';

interface PagerProps {
  /** Of the parameter in the address. */
  readonly name: string;
  readonly page: number;
  readonly pages: number;
  /** What is on the pages. */
  readonly label: string;
}

/** The buttons; nothing where there is one page. */
export function Pager({ label, name, page, pages }: PagerProps): JSX.Element | null {
  if (pages < 2) return null;
  const go = (to: number): void => setQuery({ [name]: to === 1 ? null : String(to) });
  return (
    <nav class="pager" aria-label={`Pages of ${label}`}>
      <button type="button" disabled={page === 1} onClick={() => go(1)}>
        first
      </button>
      <button type="button" disabled={page === 1} onClick={() => go(page - 1)}>
        previous
      </button>
      <span>
        page {count(page)} of {count(pages)}
      </span>
      <button type="button" disabled={page === pages} onClick={() => go(page + 1)}>
        next
      </button>
      <button type="button" disabled={page === pages} onClick={() => go(pages)}>
        last
      </button>
    </nav>
  );
}

/** The page that the address names, from 1. */
export function pageIn(name: string): number {
  return Number(query.value.get(name) ?? 1);
}
