/** A real Flume of Apache's in a process of its own. */
import { spawn } from 'node:child_process';
import { flumeCommand, readMetric } from '../../interop/kit/flume-command.ts';
import { LIVES_WITH_ITS_PARENT } from '../../interop/kit/lives-with-its-parent.ts';
import { type CliProcess, watched } from '../../kit/cli.ts';

/** Starts the agent a1 of a flume.conf. */
export function startRealFlume(conf: string, monitorPort: number): CliProcess {
  const { command, args } = flumeCommand([conf], monitorPort);
  const child = spawn('sh', ['-c', LIVES_WITH_ITS_PARENT, 'sh', command, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // The watcher has nothing left to watch.
  child.on('exit', () => child.stdin.destroy());
  return watched(child);
}

/** Events in the channel c1; undefined while the agent does not say. */
export function channelSizeOf(monitorPort: number): Promise<number | undefined> {
  return readMetric(monitorPort, 'CHANNEL.c1', 'ChannelSize');
}
