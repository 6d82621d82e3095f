/** Our command line, as it is built, in a process of a scene. */
import path from 'node:path';
import { repository } from './peers.ts';
import type { Actor, Scene } from './scene.ts';

/** Starts `streamjob ARGS`. */
export function startStreamjob(
  scene: Scene,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Actor {
  return scene.start(`streamjob ${args[0] ?? ''}`, {
    command: process.execPath,
    args: [path.join(repository, 'dist/cli.js'), ...args],
    env,
  });
}
