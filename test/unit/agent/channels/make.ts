/** Makes components for tests from properties, the way a flume.conf does. */
export { configured, makeChannel } from '../../../../src/agent/contracts/contract.ts';
