// Preloaded into a process (node --import): ends it with SIGKILL before or after the n-th of its calls of node:fs/promises that fits, or
// when half of what the call is to write is written. KILL_AT_FILE is JSON: `call` (rename, link, rm, writeFile, open, and of files that
// were opened handle.read, handle.appendFile, handle.writeFile, handle.sync, handle.datasync, handle.close), `path` (a regular expression, of the paths
// of the call with a blank between them), `when` (before, half, after) and `nth`, from 1.
import fs from 'node:fs/promises';

const { call, path, when, nth } = JSON.parse(process.env.KILL_AT_FILE ?? '{}');
const pattern = new RegExp(path);
let left = nth;

function die() {
  process.kill(process.pid, 'SIGKILL');
  // The process is gone before anything else of it runs.
  return new Promise(() => {});
}

/** The same call, with the kill. @param half writes a part of the data */
function killing(name, pathsOf, real, half) {
  return async (...args) => {
    if (name !== call || !pattern.test(pathsOf(args)) || --left > 0) return await real(...args);
    if (when === 'before') return await die();
    if (when === 'half') await half(args);
    else await real(...args);
    return await die();
  };
}

const halfOf = (data) => data.slice(0, Math.ceil(data.length / 2));

for (const name of ['rename', 'link', 'rm', 'writeFile']) {
  const real = fs[name].bind(fs);
  const pathsOf = ([from, to]) => (name === 'rename' || name === 'link' ? `${from} ${to}` : String(from));
  fs[name] = killing(name, pathsOf, real, ([file, data]) => real(file, halfOf(data)));
}

const open = fs.open.bind(fs);
fs.open = killing(
  'open',
  ([file]) => String(file),
  async (file, ...rest) => {
    const handle = await open(file, ...rest);
    for (const name of ['read', 'appendFile', 'writeFile', 'sync', 'datasync', 'close']) {
      const real = handle[name].bind(handle);
      handle[name] = killing(
        `handle.${name}`,
        () => String(file),
        real,
        ([data]) => real(halfOf(data)),
      );
    }
    return handle;
  },
);
