/** A field whose text filters what a view shows; it stands in the address. */
import type { JSX } from 'preact';
import { query, setQuery } from '../navigation.ts';

/** What is searched for, in lower case. @param name of the parameter in the address */
export function wantedText(name = 'search'): string {
  return (query.value.get(name) ?? '').toLowerCase();
}

/** The field. @param props `clears`: other parameters that mean nothing once something else is searched for, a page say */
export function Search(props: {
  readonly label?: string;
  readonly name?: string;
  readonly clears?: readonly string[];
}): JSX.Element {
  const { clears = [], label = 'Search', name = 'search' } = props;
  return (
    <label class="search">
      <span>{label}</span>
      <input
        type="search"
        value={query.value.get(name) ?? ''}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) =>
          setQuery({ ...Object.fromEntries(clears.map((one) => [one, null])), [name]: value === '' ? null : value })
        }
      />
    </label>
  );
}
