/** What must hold for a fresh clone to install: the lock file is whole, and nobody's machine or registry is in it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockEntry {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const ROOT = new URL('../../', import.meta.url);

function packagesOf(lock: string): Readonly<Record<string, LockEntry>> {
  const { packages } = JSON.parse(readFileSync(new URL(lock, ROOT), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  return packages;
}

/** Of the product, and of what the site of its documentation is made with. */
const LOCKS = ['package-lock.json', 'docs/site/package-lock.json'];

test.each(LOCKS)('%s has the packages of all platforms: npm ci refuses it otherwise', (lock) => {
  const packages = packagesOf(lock);
  // `npm install` leaves out what it cannot find for other platforms: put such entries back by hand (version, os, cpu, optional).
  const names = Object.keys(packages);
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !names.some((entry) => entry.endsWith(`node_modules/${name}`)));
  expect(missing).toEqual([]);
});

test.each(LOCKS)('%s names no registry', (lock) => {
  expect(Object.values(packagesOf(lock)).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

test('what is published has the documentation, and not what its site is made with', () => {
  const { files } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
    readonly files: readonly string[];
  };
  expect(files).toEqual(expect.arrayContaining(['docs', '!docs/site']));
});
