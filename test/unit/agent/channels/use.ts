/** Short ways to use a channel in tests: those of the contracts. */
export { event, put, settle, take, takeAll, textOf } from '../../../../src/agent/contracts/contract.ts';
