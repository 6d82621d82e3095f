/**
 * The embedded agent of the fault tests, until SIGTERM, or until all is read and delivered; what it counts goes to stdout, a line each
 * 50 ms. Arguments: its flume.conf, and `drain` when it is to end by itself.
 */
import { Agent } from '../../../src/agent.ts';
import { makeLogger } from '../../../src/cli/logger.ts';

const [, , conf = '', drain] = process.argv;
const agent = await Agent.fromFile(conf, { name: 'a1', log: await makeLogger() });
const tell = (): void => void process.stdout.write(`${JSON.stringify(agent.counters())}\n`);
const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
const over = new AbortController();
await agent.start();
tell();
const telling = setInterval(tell, 50);
await Promise.race(drain === 'drain' ? [stopped, agent.drained(over.signal)] : [stopped]);
over.abort();
clearInterval(telling);
await agent.stop();
