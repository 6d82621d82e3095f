/**
 * The stages of a cut lineage as one plan of Spark's: each stage is a TRANSFORM, whose program is a worker of ours; between two stages Spark
 * brings rows to the partitions that their slots name. All of it is Spark's public SQL (script transformation without Hive). From batch to
 * batch only names and the rows of the driver differ in the text: nothing that Spark compiles.
 *
 * Three kinds of stages. One that reads only what the driver gives has a row for each partition, and Spark cuts those rows into as many
 * tasks as there are cores. One that reads what stages before have given, by DISTRIBUTE BY: Spark makes one task of many small partitions.
 * One that opens states, or reads what the driver gives beside, has a task for each partition: its work is not in its rows.
 */
import { relationOf } from './arrow.ts';
import { type Relation, sql, withRelations } from './connect/client.ts';
import type { Row } from './rows.ts';
import { type Cut, originsOf, readBy, type Stage, statesOf } from './stages.ts';

/** What a plan is made of. */
export interface PlanParts {
  readonly cut: Cut;
  /** Rows that the driver gives to a stage. */
  readonly given: (stage: Stage) => readonly Row[];
  /** How a worker is started, as a shell reads it. */
  readonly command: string;
}

/**
 * A session knows relations by their names while a plan runs, and forgets them at its end: plans that run at the same time must not share any.
 * Names come again, so that Spark knows the text.
 */
const NAMES = 64;

let plans = 0;

/**
 * Rows of so much data, in bytes, stand in the text of the plan. More are sent as Arrow, which costs Spark a view, made and dropped; and so are
 * those that hold values of the job: Spark shows texts on its page, and writes them into its event log.
 */
const MOST_TEXT = 32 * 1024;

/** Both sides of a TRANSFORM: without it the fields would be parted by \u0001. */
const ROWS = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t'";
const COLUMNS = 'slot INT, tag STRING, data STRING';

/** @returns a plan whose rows are the result's and the ends of all tasks */
export function planOf(parts: PlanParts): Relation {
  const references: Record<string, Relation> = {};
  const number = plans++ % NAMES;
  const text = (stage: Stage): string => {
    const sources: string[] = [];
    const given = parts.given(stage);
    if (given.length > 0 && standsInText(given)) {
      sources.push(`SELECT slot, tag, data FROM VALUES ${given.map(inText).join(', ')} AS given(slot, tag, data)`);
    } else if (given.length > 0) {
      const name = `given_${number}_${stage.number}`;
      references[name] = relationOf(given);
      sources.push(`SELECT slot, tag, data FROM ${name}`);
    }
    const before = readBy(parts.cut, stage);
    sources.push(...before.map(text));
    const all = sources.join(' UNION ALL ');
    return `SELECT TRANSFORM(slot, tag, data) ${ROWS} USING '${parts.command}' AS (${COLUMNS}) ${ROWS} FROM (${before.length === 0 ? all : brought(stage, all)})`;
  };
  const last = parts.cut.stages.at(-1) as Stage;
  const root = sql(text(last));
  return Object.keys(references).length === 0 ? root : withRelations(root, references);
}

function standsInText(rows: readonly Row[]): boolean {
  const bytes = rows.reduce((sum, { data }) => sum + data.length, 0);
  return bytes <= MOST_TEXT && rows.every(({ hasValues }) => hasValues !== true);
}

/** A row's texts have no character that SQL would read in another way (rows.ts). */
function inText({ data, slot, tag }: Row): string {
  return `(${slot}, '${tag}', '${data}')`;
}

function brought({ partitions }: Stage, rows: string): string {
  const isOwn = partitions.some(
    (partition) => statesOf(partition).length > 0 || originsOf(partition).some(({ kind }) => kind === 'leaf'),
  );
  return isOwn
    ? `SELECT /*+ REPARTITION(${partitions.length}, slot) */ slot, tag, data FROM (${rows}) SORT BY slot`
    : `SELECT slot, tag, data FROM (${rows}) DISTRIBUTE BY slot SORT BY slot`;
}
