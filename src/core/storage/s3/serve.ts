/**
 * The thread that talks to S3 for its process, which may wait for an answer without a turn of its event loop: so do functions on executors, which
 * read data and states when they want them.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import { messageOf, systemCodeOf } from '../../errors.ts';
import { timeoutSignal } from '../../machine.ts';
import type { BootData } from '../../thread-boot.ts';
import { S3Access } from './access.ts';
import { type AnsweredS3, type AskedS3, mostMsOf, type S3Failure } from './requests.ts';

/** What the thread is started with. */
export interface S3ThreadData extends BootData {
  /** Tells it from other threads of the same program. */
  readonly streamjobStorage: MessagePort;
}

/** Whether this is such a thread. */
export function isS3Thread(data: unknown): data is S3ThreadData {
  return typeof data === 'object' && data !== null && 'streamjobStorage' in data;
}

/** Answers until the process ends. */
export function serveS3(): void {
  const { streamjobStorage: port } = workerData as S3ThreadData;
  const access = new S3Access();
  port.on('message', (asked: AskedS3) => void serve(access, port, asked));
}

async function serve(access: S3Access, port: MessagePort, { id, request, signal }: AskedS3): Promise<void> {
  const { end, signal: late } = timeoutSignal(mostMsOf(request));
  try {
    // The client hears of it, too; but whoever waits is told in any case.
    const answer = await Promise.race([access.answer(request, late), rejectedBy(late)]);
    const transferred = answer instanceof Uint8Array ? [answer.buffer as ArrayBuffer] : [];
    port.postMessage({ id, answer } satisfies AnsweredS3, transferred);
  } catch (error) {
    port.postMessage({ id, error: failureOf(error, late.aborted) } satisfies AnsweredS3);
  } finally {
    end();
    if (signal !== undefined) {
      Atomics.store(signal, 0, 1);
      Atomics.notify(signal, 0);
    }
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** Errors of S3 have a name and the status of their answer, those of sockets a code. */
function failureOf(error: unknown, isLate: boolean): S3Failure {
  if (isLate) return { code: 'ETIMEDOUT', message: 'S3 does not answer in time' };
  const { name = '', $metadata } = error as {
    readonly name?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  const message = messageOf(error);
  if (systemCodeOf(error) === 'ERR_MODULE_NOT_FOUND') return { code: 'ERR_MODULE_NOT_FOUND', message };
  if (name === 'NoSuchBucket') return { code: name, message: `S3 has no such bucket: ${message}` };
  if (name === 'NoSuchKey' || name === 'NotFound' || status === 404)
    return { code: 'ENOENT', message: 'ENOENT: S3 has no such object' };
  if (message.startsWith('Region is missing')) return { code: 'NoRegion', message };
  if (CREDENTIALS.has(name)) return { code: 'NoCredentials', message: `${name}: ${message}` };
  if (status === 403) return { code: 'EACCES', message: `S3 refuses it: ${name}: ${message}` };
  const code = systemCodeOf(error) ?? name;
  return { code, message: message.includes(code) ? message : `${code}: ${message}` };
}

const CREDENTIALS: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
]);
