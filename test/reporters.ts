/** Reporters of all vitest runs: for people, and as JSON into the directory that CI adds up. */
import path from 'node:path';

/** @param suite names the report's file */
export function reporters(suite: string): (string | [string, { outputFile: string }])[] {
  const directory = process.env['TEST_RESULTS'];
  if (directory === undefined) return ['default'];
  return ['default', ['json', { outputFile: path.join(directory, `${suite}.json`) }]];
}
