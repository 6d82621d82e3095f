/** File systems of a test's own: small ones, and ones that may not be written. Only root may mount. */
import { execFileSync } from 'node:child_process';

/** Why tests that mount are skipped; undefined when they can run. */
export const mountsMissing: string | undefined =
  process.platform !== 'linux'
    ? 'mounts need Linux'
    : process.getuid?.() !== 0
      ? 'only root may mount'
      : mountable()
        ? undefined
        : 'this root may not mount (a container without CAP_SYS_ADMIN)';

function mountable(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function mountSmall(directory: string, size: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
}

export function growMount(directory: string, size: string): void {
  execFileSync('mount', ['-o', `remount,size=${size}`, directory]);
}

/** Makes what lies at `directory` readable only, for root too, until it is unmounted. */
export function mountReadOnly(directory: string): void {
  execFileSync('mount', ['--bind', directory, directory]);
  execFileSync('mount', ['-o', 'remount,bind,ro', directory]);
}

export function unmount(directory: string): void {
  execFileSync('umount', ['-l', directory]);
}
