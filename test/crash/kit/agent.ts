/** The embedded agent of the fault tests, until SIGTERM; what it counts goes to stdout, a line each 50 ms. Argument: its flume.conf. */
import { Agent } from '../../../src/agent.ts';
import { makeLogger } from '../../../src/cli/logger.ts';

const agent = await Agent.fromFile(process.argv[2] ?? '', { name: 'a1', log: await makeLogger() });
const tell = (): void => void process.stdout.write(`${JSON.stringify(agent.counters())}\n`);
const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
await agent.start();
tell();
const telling = setInterval(tell, 50);
await stopped;
clearInterval(telling);
await agent.stop();
