/** A few buttons of which one is chosen; the choice stands in the address. */
import type { JSX } from 'preact';
import { setQuery } from '../navigation.ts';

interface ChoiceProps {
  /** What is chosen, for those who cannot see the buttons. */
  readonly label: string;
  /** Of the parameter in the address. */
  readonly name: string;
  /** Whether the first value stands in the address, too: where another one is chosen without a name. */
  readonly isNamed?: boolean;
  /** Values with their titles; the first one stands in no address. */
  readonly options: readonly (readonly [value: string, title: string])[];
  readonly chosen: string;
  /** Other parameters that mean nothing after another choice. */
  readonly clears?: readonly string[];
}

/** The buttons. */
export function Choice({ chosen, clears = [], isNamed = false, label, name, options }: ChoiceProps): JSX.Element {
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map(([value, title], at) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === chosen}
          onClick={() =>
            setQuery({
              ...Object.fromEntries(clears.map((one) => [one, null])),
              [name]: at === 0 && !isNamed ? null : value,
            })
          }
        >
          {title}
        </button>
      ))}
    </fieldset>
  );
}
