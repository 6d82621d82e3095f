#!/usr/bin/env node
/** The door of the command line; everything is in cli/. */
import { main } from './cli/main.ts';

const code = await main(process.argv.slice(2));
// A closed stdout has set it already, where nothing else went wrong.
if (code !== 0 || process.exitCode === undefined) process.exitCode = code;
// A connection that a job has left open does not hold the process when the command is done.
setTimeout(() => process.exit(), 3000).unref();
