/** What the declaration of every component promises: the docs, the checks of flume.conf and a reload rely on it. */
import { expect, it } from 'vitest';
import type { ComponentType } from '../../../../src/agent/component/component-type.ts';
import { Expected } from '../../../../src/agent/component/fields.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';

/** Properties as tests write them. */
export type Properties = Readonly<Record<string, string | number | boolean>>;

/** Settings with a line each, from 1. */
function settingsOf(properties: Properties): Map<string, Setting> {
  return new Map(
    Object.entries(properties).map(([key, value], i) => [
      key,
      { key: `a1.x.${key}`, value: String(value), line: i + 1 },
    ]),
  );
}

/** @param delivers whether events are in its hands, so that it must say what it promises of them */
export function declarationContract<C, I>(
  type: ComponentType<C, I>,
  properties: () => Properties,
  delivers: boolean,
): void {
  it('says what it is for, and what it promises of the delivery of events if they are in its hands', () => {
    expect(type.doc).not.toBe('');
    if (delivers) expect(type.delivery ?? '').toMatch(/\.$/);
    for (const difference of type.differences) expect(difference).toMatch(/\.$/);
  });

  it('has a doc for each field, and defaults that its own fields take', () => {
    for (const [name, field] of Object.entries(type.fields)) {
      expect([name, field.doc, field.kind]).not.toContain('');
      expect(name.endsWith('.*'), name).toBe(field.item !== undefined);
      if (field.fallback === undefined) continue;
      expect(field.required, name).toBe(false);
      expect(field.parse(field.fallback), name).not.toBeInstanceOf(Expected);
    }
  });

  it('has no name twice', () => {
    const names = Object.entries(type.fields).flatMap(([name, field]) => [name, ...(field.aliases ?? [])]);
    expect([...new Set(names)]).toEqual(names);
  });

  it('tells a property that it does not have with its line and the nearest name', () => {
    const known = Object.keys(type.fields).find((name) => !name.includes('*') && name.length > 3);
    const near = known === undefined ? 'nothing-like-it' : `${known}x`;
    const { problems, settings } = read({ ...properties(), [near]: '1' });
    const line = settings.get(near)?.line;
    const told = problems.all.map((problem) => problems.format(problem));
    expect(told).toEqual([
      expect.stringMatching(
        new RegExp(`^conf:${line}: .* has no property ${near.replaceAll('.', '\\.')}, it is ignored`),
      ),
    ]);
    if (known !== undefined) expect(told[0]).toContain(`did you mean ${known}?`);
  });

  it('tells a required property that is missing, by its name', () => {
    for (const name of Object.keys(type.fields).filter((field) => type.fields[field]?.required)) {
      const given = Object.entries(properties()).filter(([key]) => key !== name);
      const { problems } = read(Object.fromEntries(given));
      expect(problems.errors.map(({ message }) => message).join()).toContain(`property ${name} is missing`);
    }
  });

  it('keeps its values as plain data, the same each time it is read', () => {
    const given = properties();
    const [one, other] = [read(given).part, read(given).part];
    expect(one?.resolved).toBeDefined();
    expect(JSON.parse(JSON.stringify(one?.resolved))).toEqual(other?.resolved);
    expect(Object.keys(one?.resolved.values ?? {})).toEqual(Object.keys(type.fields));
  });

  it('names a property of its own for each resource and for the size of its batches', () => {
    const part = read(properties()).part;
    const named = (part?.resources ?? []).map(({ property }) => property);
    const batch = part?.limits.batch;
    for (const property of [...named, ...(batch === undefined ? [] : [batch.property])])
      expect(Object.keys(type.fields)).toContain(property);
  });

  const read = (given: Properties) => {
    const problems = new Problems('conf');
    const settings = settingsOf(given);
    const part = type.configure(settings, { owner: `${type.type} x`, line: 99, problems });
    return { part, problems, settings };
  };
}
