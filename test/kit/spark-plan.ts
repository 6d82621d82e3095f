/** What plans of the engine on a cluster hold, for whoever stands in for Spark. */
import { relationOf, rowsOf } from '../../src/engine/spark/arrow.ts';
import type { Relation } from '../../src/engine/spark/connect/client.ts';
import type { Row } from '../../src/engine/spark/rows.ts';

/** Rows as Spark answers with them. */
export function answerOf(rows: readonly Row[]): Uint8Array {
  return (relationOf(rows).relType.value as { readonly data: Uint8Array }).data;
}

/** What a plan holds. */
export interface TakenApart {
  /** By the numbers of stages. */
  readonly given: ReadonlyMap<number, readonly Row[]>;
  readonly givenBytes: number;
  readonly stages: number;
}

/** A plan as planOf makes it: rows stand in its text, or beside it. */
export function takenApart(plan: Relation): TakenApart {
  const given = new Map<number, readonly Row[]>();
  let givenBytes = 0;
  let text = plan;
  if (plan.relType.case === 'withRelations') {
    const { root, references } = plan.relType.value as { root: Relation; references: Relation[] };
    text = root;
    for (const { relType } of references) {
      const { alias, input } = relType.value as { readonly alias: string; readonly input: Relation };
      const { data } = input.relType.value as { readonly data: Uint8Array };
      givenBytes += data.length;
      given.set(Number(alias.split('_').at(-1)), rowsOf([data]));
    }
  }
  // The last stage is the outermost.
  const parts = (text.relType.value as { query: string }).query.split('TRANSFORM(').slice(1).reverse();
  for (const [stage, part] of parts.entries()) {
    const [, values] = part.split(' FROM VALUES ');
    if (values === undefined) continue;
    const rows = [...values.matchAll(/\((-?\d+), '([^']*)', '([^']*)'\)/g)].map(
      ([row, slot, tag = '', data = '']): Row => {
        givenBytes += row.length;
        return { slot: Number(slot), tag, data };
      },
    );
    given.set(stage, rows);
  }
  return { given, givenBytes, stages: parts.length };
}
