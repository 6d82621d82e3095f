/** An agent within a program, which puts its events into it: a channel between the program and Avro sources elsewhere. */

import { StreamjobError } from '../../core/errors.ts';
import { type EventInit, plainEvent } from '../../core/event.ts';
import type { Log } from '../../core/log.ts';
import { Agent } from '../runtime/agent.ts';
import { EmbeddedSource } from '../sources/embedded.ts';
import { agentProperties, type EmbeddedProperties } from './configuration.ts';

/** How it is made. */
export interface EmbeddedAgentOptions {
  /** Where lines go: a pino logger fits, and so does `console`. Default: warnings and errors to stderr. */
  readonly log?: Log | undefined;
}

/**
 * An agent within a program, as Flume's EmbeddedAgent: one channel (memory or file), Avro sinks, a sink processor.
 *
 * @example
 * const agent = new EmbeddedAgent('shop');
 * agent.configure({
 *   'channel.type': 'file', 'channel.dataDirs': '/var/lib/shop',
 *   sinks: 'k1 k2', 'k1.type': 'avro', 'k1.hostname': 'collector1', 'k1.port': '41414',
 *   'k2.type': 'avro', 'k2.hostname': 'collector2', 'k2.port': '41414',
 *   'processor.type': 'load_balance',
 * });
 * await agent.start();
 * await agent.put({ headers: { kind: 'order' }, body: 'sold' }); // resolves when the channel has it
 * await agent.stop();
 */
export class EmbeddedAgent {
  /** Of the agent, as its log has it. */
  readonly name: string;
  readonly #options: EmbeddedAgentOptions;
  #agent: Agent | undefined;

  constructor(name: string, options: EmbeddedAgentOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  /**
   * Says what the agent is, before it is started.
   * @param properties of the source (`source.interceptors`, …), the channel, the sinks by their names, and the processor
   * @throws StreamjobError CONFIG_INVALID for what is wrong; CONTEXT_STATE when it runs
   */
  configure(properties: EmbeddedProperties): void {
    if (this.#agent !== undefined) throw state(`embedded agent ${this.name} has been configured`);
    const lines = [...agentProperties(this.name, properties)].map(([key, value]) => `${key} = ${escaped(value)}`);
    this.#agent = Agent.fromText(lines.join('\n'), `embedded agent ${this.name}`, {
      ...this.#options,
      name: this.name,
    });
  }

  /**
   * Starts channel, sinks and source.
   * @throws StreamjobError CONTEXT_STATE before it is configured; of its components: CHANNEL_LOCKED, CHANNEL_CORRUPT, FILE_ACCESS
   */
  async start(): Promise<void> {
    await this.#configured().start();
  }

  /**
   * Puts an event; resolves when the channel has it. With a file channel it comes through a kill of the process then.
   * @throws StreamjobError CHANNEL_CLOSED while the agent does not run; CHANNEL_FULL, FILE_ACCESS: put it again later
   */
  async put(event: EventInit): Promise<void> {
    await this.putAll([event]);
  }

  /**
   * Puts events, all or none.
   * @throws StreamjobError as {@link EmbeddedAgent.put}; TRANSACTION_FULL for more events than a transaction takes
   */
  async putAll(events: readonly EventInit[]): Promise<void> {
    const source = this.#configured().sourceOf(`source-${this.name}`);
    if (!(source instanceof EmbeddedSource)) throw state(`embedded agent ${this.name} has no source`);
    await source.put(events.map(plainEvent));
  }

  /** Stops it. What has not been delivered stays in a file channel, and is lost in one in memory. */
  async stop(): Promise<void> {
    await this.#agent?.stop();
  }

  #configured(): Agent {
    if (this.#agent === undefined) throw state(`embedded agent ${this.name} is not configured`);
    return this.#agent;
  }
}

/** A value as it stands in a properties file. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('${', '$${');
}

function state(message: string): StreamjobError {
  return new StreamjobError('CONTEXT_STATE', message, { hint: 'configure it once, then start it, then put events' });
}
