/** The graph of a vector as a job, for engines that build it again elsewhere. */
import type { StreamingContext } from '../../src/api/streaming-context.ts';
import { buildVector } from './pipeline.ts';
import type { Vector } from './vector.ts';

// biome-ignore lint/style/noDefaultExport: what builds a job is a module's default export.
export default function build(ssc: StreamingContext, vector: unknown): void {
  buildVector(ssc, vector as Vector, { batch: () => {}, snapshot: () => {} });
}
