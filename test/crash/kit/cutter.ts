/** A network that cuts connections in the middle of what they carry. */
import net from 'node:net';

export interface Cutter {
  readonly port: number;
  /** How many connections it will still cut. */
  readonly left: () => number;
  readonly close: () => void;
}

/** Forwards connections to `port`, and cuts `cuts` of them, each after some bytes. @param next numbers in [0, 1) */
export async function cutter(port: number, cuts: number, next: () => number): Promise<Cutter> {
  let left = cuts;
  const server = net.createServer((from) => {
    const to = net.connect(port, '127.0.0.1');
    let budget = left > 0 ? 500 + Math.floor(next() * 20_000) : Number.POSITIVE_INFINITY;
    let isCut = false;
    const end = (): void => {
      from.destroy();
      to.destroy();
    };
    for (const socket of [from, to]) socket.on('error', end).on('close', end);
    to.pipe(from);
    from.on('data', (chunk: Buffer) => {
      // What comes before the end of the connection is seen is no other cut.
      if (isCut) return;
      if (chunk.length < budget) {
        budget -= chunk.length;
        to.write(chunk);
        return;
      }
      isCut = true;
      left--;
      to.write(chunk.subarray(0, budget), end);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    left: () => left,
    close: () => server.close(),
  };
}
