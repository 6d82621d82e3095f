/**
 * What shell blocks of the documentation call and what is not run: a command of the name stands in for each of these, which looks at its
 * words and ends. Everything else that a block calls is run.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface StandIn {
  /** Why the command itself is not run. */
  readonly why: string;
  /** What its words must look like; what stands for it is a line of JavaScript that gets them as `words`. */
  readonly first: readonly string[];
}

/** By the name of the command. Each has its reason; a test asks whether some page still calls it. */
export const STAND_INS: Readonly<Record<string, StandIn>> = {
  npm: {
    why: 'it would install from a registry, or run all suites: .ci/run calls the blocks of README to the letter, and test/interop/installed.test.ts installs a project',
    first: ['ci', 'install', 'init', 'test', 'run', 'start', 'create', 'exec'],
  },
  docker: {
    why: 'a daemon and images from a registry: the Dockerfile of a new project is read by a test',
    first: ['build', 'run', 'stop', 'compose'],
  },
  kubectl: {
    why: 'a cluster: manifests are parsed, and their ports and paths compared with what a job serves',
    first: ['apply', 'get', 'logs', 'rollout', 'delete'],
  },
  systemctl: {
    why: 'an init system that runs: units are parsed, and their keys and ExecStart checked',
    first: ['daemon-reload', 'enable', 'start', 'stop', 'restart', 'status', 'kill'],
  },
  journalctl: { why: 'an init system that runs', first: ['-u'] },
  sudo: { why: 'tests change no user: what stands behind it is looked at as itself', first: [] },
};

/** Where the words of a stand-in are wrong it ends with 64, which no command of streamjob does. */
const SOURCE = `#!/usr/bin/env node
const [first, scripts] = FACTS;
const words = process.argv.slice(2);
const wrong = (why) => {
  console.error(\`\${process.argv[1]} \${words.join(' ')}: \${why}\`);
  process.exit(64);
};
if (process.argv[1].endsWith('/sudo')) {
  const { status } = require('node:child_process').spawnSync(words[0], words.slice(1), { stdio: 'inherit' });
  process.exit(status ?? 64);
}
if (!first.includes(words[0])) wrong('is not in test/docs/blocks/stand-ins.ts');
if (words[0] === 'run' && process.argv[1].endsWith('/npm') && !scripts.includes(words[1])) wrong('package.json has no such script');
`;

/** Not every machine has curl: this one asks in earnest, as far as the pages need it: -s, -f, -H, -i and the URL. */
const CURL = `#!/usr/bin/env node
const words = process.argv.slice(2);
const url = words.find((word) => word.startsWith('http'));
const headers = words.flatMap((word, i) => (words[i - 1] === '-H' ? [[word.replace(/:.*/, ''), word.replace(/^[^:]*: */, '')]] : []));
const flags = words.filter((word) => /^-[a-zA-Z]+$/.test(word)).join('');
if (!/^[-sfiH]*$/.test(flags) || url === undefined) {
  console.error(\`curl \${words.join(' ')}: test/docs/blocks/stand-ins.ts does not know this\`);
  process.exit(64);
}
fetch(url, { headers }).then(async (answer) => {
  if (flags.includes('i')) process.stdout.write(\`HTTP/1.1 \${answer.status}\\n\`);
  if (flags.includes('f') && !answer.ok) process.exit(22);
  process.stdout.write(await answer.text());
}, () => process.exit(7));
`;

/**
 * Writes the stand-ins into a directory that goes first in PATH, and an `npx` that runs what is installed and fetches nothing.
 * @param scripts those of package.json, which `npm run` may name
 */
export function writeStandIns(directory: string, scripts: readonly string[]): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, text: string): void => {
    const file = path.join(directory, name);
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  };
  for (const [name, { first }] of Object.entries(STAND_INS)) {
    write(
      name,
      SOURCE.replace('FACTS', () => JSON.stringify([first, scripts])),
    );
  }
  write('curl', CURL);
  write('package.json', '{ "type": "commonjs" }\n');
  write('npx', '#!/bin/sh\nname=$1\nshift\nexec "$BLOCKS_BIN/$name" "$@"\n');
}
