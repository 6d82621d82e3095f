/** What the declaration of every component promises: the docs, the checks of flume.conf and a reload rely on it. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import type { ComponentType, Configured } from '../component/component-type.ts';
import { Expected } from '../component/fields.ts';
import { Problems } from '../component/problems.ts';
import type { Setting } from '../component/settings.ts';
import { type ContractProperties, type ContractTest, settingsOf } from './contract.ts';

interface Read<C, I> {
  readonly part: Configured<C, I> | undefined;
  readonly problems: Problems;
  readonly settings: ReadonlyMap<string, Setting>;
}

/**
 * The tests of a declaration.
 * @param properties of a component that can be made
 * @param delivers whether events are in its hands, so that it must say what it promises of them
 */
export function declarationContract<C, I>(
  type: ComponentType<C, I>,
  properties: () => ContractProperties,
  delivers: boolean,
): readonly ContractTest[] {
  const read = (given: ContractProperties): Read<C, I> => {
    const problems = new Problems('conf');
    const settings = settingsOf(given);
    return { part: type.configure(settings, { owner: `${type.type} x`, line: 99, problems }), problems, settings };
  };
  const names = Object.keys(type.fields);
  return [
    {
      name: 'says what it is for, and what it promises of the delivery of events if they are in its hands',
      run: async () => {
        notEqual(type.doc, '');
        if (delivers) match(type.delivery ?? '', /\.$/, 'delivery is a sentence');
        for (const difference of type.differences) match(difference, /\.$/);
      },
    },
    {
      name: 'has a doc for each field, and defaults that its own fields take',
      run: async () => {
        for (const [name, field] of Object.entries(type.fields)) {
          for (const text of [name, field.doc, field.kind]) notEqual(text, '', `${name} has a doc`);
          equal(name.endsWith('.*'), field.item !== undefined, `${name} is a map`);
          if (field.fallback === undefined) continue;
          equal(field.required, false, `${name} has a default and is required`);
          equal(field.parse(field.fallback) instanceof Expected, false, `the default of ${name} fits`);
        }
      },
    },
    {
      name: 'has no name twice',
      run: async () => {
        const all = Object.entries(type.fields).flatMap(([name, field]) => [name, ...(field.aliases ?? [])]);
        deepEqual([...new Set(all)], all);
      },
    },
    {
      name: 'tells a property that it does not have with its line and the nearest name',
      run: async () => {
        const known = names.find((name) => !name.includes('*') && name.length > 3);
        const near = known === undefined ? 'nothing-like-it' : `${known}x`;
        const { problems, settings } = read({ ...properties(), [near]: '1' });
        const told = problems.all.map((problem) => problems.format(problem));
        equal(told.length, 1, told.join('\n'));
        const first = told[0] ?? '';
        ok(first.startsWith(`conf:${settings.get(near)?.line}: `), first);
        ok(first.includes(` has no property ${near}, it is ignored`), first);
        if (known !== undefined) ok(first.includes(`did you mean ${known}?`), first);
      },
    },
    {
      name: 'tells a required property that is missing, by its name',
      run: async () => {
        for (const name of names.filter((field) => type.fields[field]?.required)) {
          const given = Object.entries(properties()).filter(([key]) => key !== name);
          const errors = read(Object.fromEntries(given)).problems.errors.map(({ message }) => message);
          ok(errors.join().includes(`property ${name} is missing`), `${name}: ${errors.join()}`);
        }
      },
    },
    {
      name: 'keeps its values as plain data, the same each time it is read',
      run: async () => {
        const given = properties();
        const [one, other] = [read(given).part, read(given).part];
        ok(one !== undefined && other !== undefined, 'its properties can be used');
        equal(JSON.stringify(one.resolved), JSON.stringify(other.resolved));
        deepEqual(JSON.parse(JSON.stringify(one.resolved)), other.resolved);
        deepEqual(Object.keys(one.resolved.values), names);
      },
    },
    {
      name: 'names a property of its own for each resource and for the size of its batches',
      run: async () => {
        const { part } = read(properties());
        const batch = part?.limits.batch;
        const named = (part?.resources ?? []).map(({ property }) => property);
        for (const property of [...named, ...(batch === undefined ? [] : [batch.property])])
          ok(names.includes(property), property);
      },
    },
  ];
}
