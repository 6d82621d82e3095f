/** What `streamjob receive` runs: a job's receivers of Flume streams, for a driver on another host. */
import type { Clock } from '../core/clock.ts';
import { StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { absolutePlace } from '../core/storage/places.ts';
import { ReceiverHost } from '../flow/remote/receiver-host.ts';
import { readSecurity, type SecurityFiles } from '../flow/remote/security.ts';
import { addressOf, inputKind, isReceivedElsewhere } from './elsewhere-received.ts';
import { StreamingContext } from './streaming-context.ts';

/** For whom, and where. */
export interface ReceiveForOptions extends SecurityFiles {
  /** What tells this host from others. */
  readonly name: string;
  /** The driver's address, HOST:PORT. */
  readonly driver: string;
  readonly storage: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Receives until the signal aborts.
 * @param ssc with the job's graph; it is not started
 * @throws StreamjobError CONFIG_INVALID, FILE_ACCESS, HANDSHAKE_FAILED, PORT_IN_USE, LISTEN_FAILED
 */
export async function receiveFor(ssc: StreamingContext, options: ReceiveForOptions): Promise<void> {
  const { clock, driver, log, name, signal, storage } = options;
  if (storage === undefined) {
    throw new StreamjobError('CONFIG_INVALID', 'the driver and the executors must see what is received here', {
      where: 'storage',
      hint: 'give the driver and all hosts the same --storage DIR or s3://…',
    });
  }
  const host = new ReceiverHost({
    name,
    driver: addressOf(driver, '--driver'),
    security: readSecurity(options),
    root: absolutePlace(storage),
    inputs: StreamingContext.inputs(ssc),
    nameOf: inputKind,
    receives: isReceivedElsewhere,
    ...{ clock, log, signal },
  });
  await host.run();
}
