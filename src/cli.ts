#!/usr/bin/env node
/** The door of the command line; everything is in cli/. */
import { main } from './cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
