/** What is in a state: one key that is asked for, and, when somebody wants it, the largest keys, for which all of it is read. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask } from '../../data/ask.ts';
import { count, size } from '../../format/number.ts';
import { batchTime } from '../../format/time.ts';
import { Facts } from '../../parts/panel.tsx';
import { Table } from '../../parts/table.tsx';

interface ShownKey {
  readonly key: unknown;
  readonly bytes: number;
  readonly updated: number;
  readonly state: unknown;
}

interface Weighed {
  readonly keys: number;
  readonly bytes: number;
  readonly oldest: number | null;
  readonly largest: readonly ShownKey[];
}

type Answer<T> =
  | { readonly kind: 'none' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'here'; readonly value: T }
  | { readonly kind: 'failed'; readonly text: string };

async function answerOf<T>(path: string): Promise<Answer<T>> {
  const answer = await ask<T>(path);
  if (answer === undefined) return { kind: 'failed', text: 'The job does not answer.' };
  if (answer.problem !== undefined) return { kind: 'failed', text: answer.problem.text };
  return { kind: 'here', value: answer.value };
}

/** The look into a state. @param path of its endpoints */
export function StateInside({ path }: { readonly path: string }): JSX.Element {
  const [text, setText] = useState('');
  const [found, setFound] = useState<Answer<ShownKey>>({ kind: 'none' });
  const [weighed, setWeighed] = useState<Answer<Weighed>>({ kind: 'none' });
  const find = async (): Promise<void> => {
    setFound({ kind: 'asking' });
    setFound(await answerOf<ShownKey>(`${path}/key?key=${encodeURIComponent(text)}`));
  };
  const weigh = async (): Promise<void> => {
    setWeighed({ kind: 'asking' });
    setWeighed(await answerOf<Weighed>(`${path}/largest`));
  };
  return (
    <>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void find();
        }}
      >
        <label class="search">
          <span>Key</span>
          <input
            type="search"
            value={text}
            autocomplete="off"
            spellcheck={false}
            placeholder='word, or ["a",1]'
            onInput={({ currentTarget: { value } }) => setText(value)}
          />
        </label>
        <button type="submit" class="tool" disabled={text === '' || found.kind === 'asking'}>
          Look up
        </button>
        <button type="button" class="tool" disabled={weighed.kind === 'asking'} onClick={() => void weigh()}>
          {weighed.kind === 'asking' ? 'Weighing…' : 'Weigh all keys'}
        </button>
      </form>
      <div role="status">
        {found.kind === 'failed' && <p class="error-text">{found.text}</p>}
        {weighed.kind === 'failed' && <p class="error-text">{weighed.text}</p>}
      </div>
      {found.kind === 'here' && <Keys label="The key" keys={[found.value]} />}
      {weighed.kind === 'here' && (
        <>
          <Facts
            facts={[
              ['keys', count(weighed.value.keys)],
              ['in a checkpoint', size(weighed.value.bytes)],
              ['a key, mean', size(weighed.value.keys === 0 ? null : weighed.value.bytes / weighed.value.keys)],
              ['changed longest ago', weighed.value.oldest === null ? '–' : batchTime(weighed.value.oldest, false)],
            ]}
          />
          <Keys label="The largest keys" keys={weighed.value.largest} />
        </>
      )}
    </>
  );
}

function Keys({ keys, label }: { readonly keys: readonly ShownKey[]; readonly label: string }): JSX.Element {
  return (
    <Table
      label={label}
      rows={keys}
      keyOf={(_, at) => at}
      empty="There are no keys."
      columns={[
        { key: 'key', title: 'Key', class: 'wrap', cell: ({ key }) => <code>{shown(key)}</code> },
        { key: 'bytes', title: 'Size', isNumber: true, cell: ({ bytes }) => size(bytes) },
        { key: 'updated', title: 'Last changed', cell: ({ updated }) => batchTime(updated, true) },
        { key: 'state', title: 'State', class: 'wrap', cell: ({ state }) => <code>{shown(state)}</code> },
      ]}
    />
  );
}

const LONGEST = 400;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
