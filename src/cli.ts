#!/usr/bin/env node
/** The door of the command line; everything is in cli/. */
import { runProcess } from './cli/process.ts';

await runProcess();
