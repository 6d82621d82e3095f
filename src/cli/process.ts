/** The process of the command: what it is called with, and the code that it ends with. */
import { after } from '../core/machine.ts';
import { main } from './main.ts';

/** How long the process waits for what a job has left open, in ms. */
const LEFT_OPEN_MS = 3000;

/** Does what the command line says. */
export async function runProcess(): Promise<void> {
  const code = await main(process.argv.slice(2));
  // A closed stdout has set it already, where nothing else went wrong.
  if (code !== 0 || process.exitCode === undefined) process.exitCode = code;
  // A connection that a job has left open does not hold the process when the command is done.
  after(LEFT_OPEN_MS, () => process.exit(), false);
}
