/** Which inputs of a job hosts other than the driver receive for, and the driver's side of it. */
import type { Clock } from '../core/clock.ts';
import { StreamjobError } from '../core/errors.ts';
import { type HostPort, readHostPort } from '../core/host-port.ts';
import type { Logger } from '../core/log.ts';
import { absolutePlace } from '../core/storage/places.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { FlumePullReceiver } from '../flow/receive/flume-pull.ts';
import { FlumePushReceiver } from '../flow/receive/flume-push.ts';
import type { Input } from '../flow/receive/input.ts';
import { ReceiverHosts } from '../flow/remote/receiver-hosts.ts';
import { RemoteReceiver } from '../flow/remote/remote-receiver.ts';
import { readSecurity, type SecurityFiles } from '../flow/remote/security.ts';

/** What it works with. */
export interface ElsewhereReceivedSettings extends SecurityFiles {
  readonly receiversAt?: string | undefined;
  readonly storage?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly telemetry: Telemetry;
}

/** Whether hosts other than the driver can receive for an input: their blocks are Flume events. */
export function isReceivedElsewhere({ receivers }: Input): boolean {
  return receivers.every((each) => each instanceof FlumePushReceiver || each instanceof FlumePullReceiver);
}

/** What an input is called by all hosts of a job: an address may be another one on each. */
export function inputKind({ id, name }: Input): string {
  return `${id}: ${name.replace(/ (?:on|of|from) .*$/, '')}`;
}

/** An address as options have it. @throws StreamjobError CONFIG_INVALID */
export function addressOf(text: string, where: string): HostPort {
  const address = readHostPort(text);
  if (address !== undefined) return address;
  throw new StreamjobError('CONFIG_INVALID', `${text} is no address`, { where, hint: 'expected HOST:PORT' });
}

/** The driver's side of inputs that other hosts receive for. */
export class ElsewhereReceived {
  readonly #settings: ElsewhereReceivedSettings;
  readonly #inputs: string[] = [];
  readonly #receivers = new Map<number, RemoteReceiver>();
  #hosts: ReceiverHosts | undefined;
  #started = 0;

  constructor(settings: ElsewhereReceivedSettings) {
    this.#settings = settings;
  }

  /** The input as the driver has it. @throws StreamjobError CONFIG_INVALID */
  inputOf(input: Input): Input {
    const { receiversAt, storage } = this.#settings;
    this.#inputs[input.id] = inputKind(input);
    const [own] = input.receivers;
    if (receiversAt === undefined || own === undefined || !isReceivedElsewhere(input)) return input;
    if (storage === undefined) {
      throw new StreamjobError('CONFIG_INVALID', 'receivers on other hosts need a storage that all see', {
        where: 'receiversAt',
        hint: 'give the driver and all hosts the same --storage DIR or s3://…',
      });
    }
    const receiver = new RemoteReceiver(input.id, own, absolutePlace(storage), () => this.#onStarted());
    this.#receivers.set(input.id, receiver);
    return {
      ...input,
      get name() {
        return receiver.name;
      },
      receivers: [receiver],
    };
  }

  /** The names of the hosts that are attached. */
  get names(): readonly string[] {
    return this.#hosts?.names ?? [];
  }

  async close(): Promise<void> {
    await this.#hosts?.close();
  }

  /** Hosts may come when all inputs can take what they bring. */
  async #onStarted(): Promise<void> {
    if (++this.#started < this.#receivers.size) return;
    const { clock, log, receiversAt = '', storage = '', telemetry } = this.#settings;
    this.#hosts = new ReceiverHosts({
      ...addressOf(receiversAt, 'receiversAt'),
      security: readSecurity(this.#settings),
      root: absolutePlace(storage),
      receivers: this.#receivers,
      inputs: this.#inputs,
      ...{ clock, log, telemetry },
    });
    await this.#hosts.listen();
  }
}
