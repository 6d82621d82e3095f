/**
 * The stages of a cut lineage as one plan of Spark's: each stage is a TRANSFORM, whose program is a worker of ours; between two stages Spark
 * brings rows to the partitions that their slots name. All of it is Spark's public SQL (script transformation without Hive).
 */
import { type Relation, sql, withRelations } from './connect/client.ts';
import { packed } from './rows.ts';
import { slotsOf } from './slots.ts';
import type { Cut, Stage } from './stages.ts';
import type { WorkOrder } from './work.ts';

/** What a plan is made of. */
export interface PlanParts {
  readonly cut: Cut;
  /** The work of a stage. */
  readonly order: (stage: Stage) => WorkOrder;
  /** Rows that the driver gives to a stage, as a relation; undefined: none. */
  readonly given: (stage: Stage) => Relation | undefined;
  /** How a worker is started, as a shell reads it. */
  readonly command: string;
}

/** Both sides of a TRANSFORM: without it the fields would be parted by \u0001. */
const ROWS = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t'";
const COLUMNS = 'slot INT, tag STRING, data STRING';

/** @returns a plan whose rows are the result's and the ends of all tasks */
export function planOf(parts: PlanParts): Relation {
  const references: Record<string, Relation> = {};
  const text = (stage: Stage): string => {
    const count = stage.partitions.length;
    const sources = [orderRows(parts.order(stage), count)];
    const given = parts.given(stage);
    if (given !== undefined) {
      references[`given_${stage.number}`] = given;
      sources.push(`SELECT slot, tag, data FROM given_${stage.number}`);
    }
    for (const before of readBy(parts.cut, stage)) sources.push(text(before));
    const rows = `SELECT /*+ REPARTITION(${count}, slot) */ slot, tag, data FROM (${sources.join(' UNION ALL ')}) SORT BY slot`;
    return `SELECT TRANSFORM(slot, tag, data) ${ROWS} USING '${parts.command}' AS (${COLUMNS}) ${ROWS} FROM (${rows})`;
  };
  const last = parts.cut.stages.at(-1) as Stage;
  return withRelations(sql(text(last)), references);
}

/** The stages whose exchanges a stage reads. */
export function readBy({ stages }: Cut, stage: Stage): Stage[] {
  const read = new Set(stage.partitions.flatMap(({ origin }) => (origin.kind === 'exchange' ? [origin.exchange] : [])));
  return stages.filter(({ into }) => into !== undefined && read.has(into));
}

/** A row for each partition of a stage, with its work: partitions without data have work, too. */
function orderRows(order: WorkOrder, count: number): string {
  const slots = slotsOf(count).join(',');
  return `SELECT s AS slot, concat('P', p) AS tag, '${packed(order)}' AS data FROM (SELECT posexplode(array(${slots})) AS (p, s))`;
}
