/// <reference types="node" preserve="true" />
/**
 * The door `streamjob/testing`: the test kit, under a clock that stands still until the next batch, or in a simulated world; and the
 * tests that components of an agent must pass.
 */
export { type ChannelBounds, type ChannelContractOptions, channelContract } from './agent/contracts/channels.ts';
export type { ContractProperties, ContractTest } from './agent/contracts/contract.ts';
export { interceptorContract, selectorContract, serializerContract } from './agent/contracts/functions.ts';
export { type SinkContractOptions, sinkContract } from './agent/contracts/sinks.ts';
export { sourceContract } from './agent/contracts/sources.ts';
export type { BatchResult, BuildTestJob, TestInput, TestOutputs } from './api/testing/kit-graph.ts';
export type { BuildBatches, RunBatchesOptions } from './api/testing/run-batches.ts';
export { runBatches } from './api/testing/run-batches.ts';
export { simulate, simulateSeeds } from './api/testing/simulate.ts';
export type {
  SimulateOptions,
  SimulateSeedsOptions,
  SimulationOptions,
} from './api/testing/simulate-options.ts';
export type { SimulatedFault } from './api/testing/simulated-faults.ts';
export { SIMULATED_FAULTS } from './api/testing/simulated-faults.ts';
export type { BrokenPromise, SimulatedEvent, SimulatedRun, WrittenBatch } from './api/testing/simulated-run.ts';
export type { BuildSimulated } from './api/testing/simulated-seed.ts';
export type { SimulatedStore, SimulatedTransaction, SimulatedWorld } from './api/testing/simulated-world.ts';
export type { TestJob, TestJobOptions } from './api/testing/test-job.ts';
export { testJob } from './api/testing/test-job.ts';
