/** The embedded agent of the fault tests, until SIGTERM; what it counts goes to stdout, a line each 20 ms. Argument: its flume.conf. */
import { writeSync } from 'node:fs';
import { Agent } from '../../../src/agent.ts';
import { makeLogger } from '../../../src/cli/logger.ts';

const agent = await Agent.fromFile(process.argv[2] ?? '', { name: 'a1', log: makeLogger() });
// Told before the end too, when it comes by a kill at a named point: the line is out before anything else happens.
const tell = (): void => void writeSync(1, `${JSON.stringify(agent.counters())}\n`);
const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
await agent.start();
tell();
const telling = setInterval(tell, 20);
await stopped;
clearInterval(telling);
await agent.stop();
