/** `streamjob avro-client`: sends the lines of a file, of a directory's files, or of stdin to any Avro source, one event per line. */

import path from 'node:path';
import readline from 'node:readline';
import type { CommandModule } from 'yargs';
import { parseProperties } from '../agent/conf/properties.ts';
import type { RpcClient } from '../agent/rpc-client.ts';
import { messageOf, StreamjobError, systemCodeOf } from '../core/errors.ts';
import type { EventInit } from '../core/event.ts';
import { fs, fsSync } from '../core/machine.ts';
import { UsageError } from './usage-error.ts';

interface AvroClientArguments {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly rpcProps: string | undefined;
  readonly filename: string | undefined;
  readonly dirname: string | undefined;
  readonly headerFile: string | undefined;
}

/** Flume's own client sends five at a time, which makes a large file slow for no gain; 100 is the default of Flume's sink. */
const BATCH_SIZE = 100;
/** Batches under way at most: enough to pipeline, and memory stays bounded. */
const BATCHES_UNDER_WAY = 64;

/** The command. */
export const avroClientCommand: CommandModule<object, AvroClientArguments> = {
  command: 'avro-client',
  describe: 'send the lines of a file to an Avro source or to flumeStream',
  builder: (yargs) =>
    yargs
      .options({
        host: { alias: 'H', type: 'string', describe: 'host of the Avro source' },
        port: { alias: 'p', type: 'number', describe: 'its port' },
        rpcProps: {
          alias: 'P',
          type: 'string',
          describe: "properties file of Flume's SDK, instead: hosts, limits, TLS",
        },
        filename: { alias: 'F', type: 'string', describe: 'file whose lines are sent; stdin when left out' },
        dirname: { type: 'string', describe: 'directory whose files are sent, by name' },
        headerFile: { alias: 'R', type: 'string', describe: 'properties file with headers for every event' },
      })
      .conflicts('filename', 'dirname')
      .conflicts('rpcProps', ['host', 'port']),
  handler: async (args) => {
    const headers = args.headerFile === undefined ? {} : await readHeaders(args.headerFile);
    const files = await filesToSend(args);
    const client = await connect(args);
    try {
      if (files === undefined) await sendLines(process.stdin, headers, client);
      for (const file of files ?? []) await sendLines(fsSync.createReadStream(file), headers, client);
    } finally {
      await client.close();
    }
  },
};

async function connect({ host, port, rpcProps }: AvroClientArguments): Promise<RpcClient> {
  const { RpcClient: Client } = await import('../agent/rpc-client.ts');
  if (rpcProps !== undefined) return await Client.fromProperties(rpcProps);
  if (host === undefined || port === undefined)
    throw new UsageError('give the Avro source: -H HOST -p PORT, or a properties file: -P FILE');
  return await Client.connect({ hosts: [`${hostPart(host)}:${port}`], batchSize: BATCH_SIZE });
}

function hostPart(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The files, or undefined for stdin; all are looked at before anything is sent. */
async function filesToSend({ filename, dirname }: AvroClientArguments): Promise<string[] | undefined> {
  try {
    if (filename !== undefined) {
      await fs.access(filename, fs.constants.R_OK);
      return [filename];
    }
    if (dirname === undefined) return undefined;
    const entries = await fs.readdir(dirname, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(dirname, entry.name))
      .sort();
  } catch (error) {
    throw unreadable(filename ?? dirname ?? '', error);
  }
}

async function readHeaders(file: string): Promise<Readonly<Record<string, string>>> {
  try {
    const { entries } = parseProperties(await fs.readFile(file, 'utf8'));
    return Object.fromEntries([...entries.values()].map(({ key, value }) => [key, value]));
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function sendLines(
  input: NodeJS.ReadableStream,
  headers: Readonly<Record<string, string>>,
  client: RpcClient,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const send = async (batch: readonly EventInit[]): Promise<void> => {
    while (underWay.size >= BATCHES_UNDER_WAY) await Promise.race(underWay);
    const call = client
      .appendBatch(batch)
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => underWay.delete(call));
    underWay.add(call);
  };
  let batch: EventInit[] = [];
  for await (const line of readline.createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    batch.push({ headers, body: line });
    if (batch.length < BATCH_SIZE) continue;
    await send(batch);
    batch = [];
    if (failure !== undefined) break;
  }
  if (batch.length > 0 && failure === undefined) await send(batch);
  await Promise.all(underWay);
  if (failure !== undefined) throw failure.error;
}

function unreadable(file: string, cause: unknown): StreamjobError {
  const missing = systemCodeOf(cause) === 'ENOENT';
  return new StreamjobError(
    missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS',
    `cannot read ${file}: ${missing ? 'it does not exist' : messageOf(cause)}`,
    {
      where: file,
      hint: 'give the path of a text file that can be read, or leave -F out to send the standard input',
      cause,
    },
  );
}
