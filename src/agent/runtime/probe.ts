/**
 * Looks, before a running agent goes over to another file, whether what its new components take is there to be had: ports that can be
 * listened on, directories that can be made or written. What goes wrong later is tried again; what can be known now stops nothing.
 */
import path from 'node:path';
import { listenError, messageOf, StreamjobError, systemCodeOf } from '../../core/errors.ts';
import { fs, net } from '../../core/machine.ts';
import type { Resource } from '../component/component-type.ts';
import { collide, type Owned } from '../conf/resources.ts';

/**
 * Tries what the components take.
 * @param fresh those that are to be started
 * @param leaving what running components have that are stopped first
 * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, FILE_NOT_FOUND, FILE_ACCESS
 */
export async function probe(fresh: readonly Owned[], leaving: readonly Resource[]): Promise<void> {
  for (const { owner, part } of fresh) {
    for (const resource of part.resources) {
      if (leaving.some((other) => collide(other, resource))) continue;
      if (resource.kind === 'port') await probePort(owner, resource.host, resource.port);
      else await probeDirectory(owner, resource.path, resource.within);
    }
  }
}

async function probePort(owner: string, host: string, port: number): Promise<void> {
  if (port === 0) return;
  // A peer that comes just now finds the port closed, as before.
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, `${host}:${port}`, owner)));
    server.listen(port, host, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/** A directory that is not there is made by its component, in the nearest one that is. */
async function probeDirectory(owner: string, directory: string, within: string | undefined): Promise<void> {
  let nearest = directory;
  for (;;) {
    try {
      const { isDirectory } = await kindOf(nearest);
      if (!isDirectory) throw refused('FILE_ACCESS', owner, `${nearest} is no directory`, nearest);
      return await fs.access(nearest, fs.constants.W_OK | fs.constants.X_OK);
    } catch (cause) {
      if (cause instanceof StreamjobError) throw cause;
      const missing = systemCodeOf(cause) === 'ENOENT';
      if (!missing)
        throw refused('FILE_ACCESS', owner, `${nearest} cannot be written: ${messageOf(cause)}`, nearest, cause);
      if (nearest === within)
        throw refused('FILE_NOT_FOUND', owner, `the directory ${nearest} does not exist`, nearest, cause);
      const above = path.dirname(nearest);
      if (above === nearest) throw refused('FILE_NOT_FOUND', owner, `there is no ${directory}`, directory, cause);
      nearest = above;
    }
  }
}

async function kindOf(file: string): Promise<{ readonly isDirectory: boolean }> {
  return { isDirectory: (await fs.stat(file)).isDirectory() };
}

function refused(
  code: 'FILE_ACCESS' | 'FILE_NOT_FOUND',
  owner: string,
  what: string,
  where: string,
  cause?: unknown,
): StreamjobError {
  return new StreamjobError(code, `${owner}: ${what}`, { where, ...(cause === undefined ? {} : { cause }) });
}
