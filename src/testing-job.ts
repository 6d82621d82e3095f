/** The door of worker threads that build the graph of a test of the kit: as JobModule wants it, by its default export. */
export { buildKitJob as default } from './api/testing/kit-job.ts';
