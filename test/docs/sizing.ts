/** npm run docs:sizing: writes the tables of docs/sizing.md and docs/cluster-model.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { clusterPage } from './cluster-page.ts';
import { sizingPage } from './sizing-page.ts';

for (const [name, made] of [
  ['sizing.md', sizingPage],
  ['cluster-model.md', clusterPage],
] as const) {
  const page = new URL(`../../docs/${name}`, import.meta.url);
  writeFileSync(page, made(readFileSync(page, 'utf8')));
}
