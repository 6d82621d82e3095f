/// <reference types="node" preserve="true" />
/** The door `streamjob/testing`: the test kit, under a clock that stands still until the next batch. */
export type { BatchResult, BuildTestJob, TestInput, TestOutputs } from './api/testing/kit-graph.ts';
export type { BuildBatches, RunBatchesOptions } from './api/testing/run-batches.ts';
export { runBatches } from './api/testing/run-batches.ts';
export type { TestJob, TestJobOptions } from './api/testing/test-job.ts';
export { testJob } from './api/testing/test-job.ts';
