/**
 * Requests to S3, or to what speaks as it does (MinIO, Ceph), by the client of AWS, which is the user's to install and is loaded with the first
 * request. Where it is, and who asks, say the usual variables and files of AWS; with an address of one's own, buckets are in the path.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { atOnce } from '../../at-once.ts';
import type { S3Answers, S3Request } from './requests.ts';

/** Larger objects come and go in parts, in bytes. */
const PART_BYTES = 32 * 1024 * 1024;
/** How many parts, or removals, are on their way at a time. */
const AT_ONCE = 4;
/** S3 removes so many with one request. */
const MOST_REMOVED = 1000;
/** The client tries again by itself where that may help, with pauses: when it is told to slow down, too. */
const ATTEMPTS = 5;
const CONNECT_MS = 5000;
/** Of silence. */
const SILENCE_MS = 10_000;

type Sdk = typeof import('@aws-sdk/client-s3');
type Of<T extends S3Request['type']> = Extract<S3Request, { readonly type: T }>;

/** Requests to S3. */
export class S3Access {
  #opened: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined;

  /** @throws what the client throws */
  async answer(request: S3Request, abortSignal: AbortSignal): Promise<S3Answers[S3Request['type']]> {
    const { client, sdk } = await this.#open();
    const asking = new Asking(sdk, client, abortSignal);
    switch (request.type) {
      case 'put':
        return await asking.put(request);
      case 'get':
        return await asking.get(request);
      case 'list':
        return await asking.list(request);
      case 'remove':
        return await asking.remove(request);
      case 'copy':
        return await asking.copy(request);
      case 'size':
        return await asking.size(request);
    }
  }

  #open(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
    this.#opened ??= opened();
    // One that could not be opened is opened anew.
    this.#opened.catch(() => {
      this.#opened = undefined;
    });
    return this.#opened;
  }
}

async function opened(): Promise<{ readonly sdk: Sdk; readonly client: S3Client }> {
  const sdk = await import('@aws-sdk/client-s3');
  const { AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_MAX_ATTEMPTS, AWS_REGION } = process.env;
  const endpoint = AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL;
  const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? (endpoint === undefined ? undefined : 'us-east-1');
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(AWS_MAX_ATTEMPTS === undefined ? { maxAttempts: ATTEMPTS } : {}),
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: SILENCE_MS, throwOnRequestTimeout: true },
    // Not all that speak as S3 know its newer checksums; what is read is checked by ours.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { sdk, client };
}

/** One request of ours: one or several of S3's. */
class Asking {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #options: { readonly abortSignal: AbortSignal };

  constructor(sdk: Sdk, client: S3Client, abortSignal: AbortSignal) {
    this.#sdk = sdk;
    this.#client = client;
    this.#options = { abortSignal };
  }

  async put({ body, bucket: Bucket, key: Key }: Of<'put'>): Promise<undefined> {
    if (body.length > 2 * PART_BYTES) return await this.#putParts(Bucket, Key, body);
    const { PutObjectCommand } = this.#sdk;
    await this.#client.send(new PutObjectCommand({ Bucket, Key, Body: body }), this.#options);
    return undefined;
  }

  async get({ bucket, key, length, offset }: Of<'get'>): Promise<Uint8Array<ArrayBuffer>> {
    if (length === 0) return new Uint8Array();
    if (length === undefined || length <= 2 * PART_BYTES) return await this.#getPart(bucket, key, offset, length);
    const whole = new Uint8Array(length);
    let filled = 0;
    await atOnce(AT_ONCE, cut(length), async ({ from, to }) => {
      const part = await this.#getPart(bucket, key, offset + from, to - from);
      whole.set(part, from);
      if (part.length > 0) filled = Math.max(filled, from + part.length);
    });
    return filled === length ? whole : whole.slice(0, filled);
  }

  async list({ below, bucket: Bucket, prefix: Prefix }: Of<'list'>): Promise<string[]> {
    const { ListObjectsV2Command } = this.#sdk;
    const found: string[] = [];
    let token: string | undefined;
    do {
      const { CommonPrefixes, Contents, NextContinuationToken } = await this.#client.send(
        new ListObjectsV2Command({
          ...{ Bucket, Prefix },
          ...(below ? {} : { Delimiter: '/' }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        this.#options,
      );
      for (const { Key } of Contents ?? []) if (Key !== undefined) found.push(Key);
      for (const { Prefix: name } of CommonPrefixes ?? []) if (name !== undefined) found.push(name);
      token = NextContinuationToken;
    } while (token !== undefined);
    return found;
  }

  async remove({ bucket: Bucket, keys }: Of<'remove'>): Promise<undefined> {
    const { DeleteObjectCommand, DeleteObjectsCommand } = this.#sdk;
    const [only] = keys;
    if (keys.length === 1 && only !== undefined) {
      await this.#client.send(new DeleteObjectCommand({ Bucket, Key: only }), this.#options);
      return undefined;
    }
    for (let from = 0; from < keys.length; from += MOST_REMOVED) {
      const Objects = keys.slice(from, from + MOST_REMOVED).map((Key) => ({ Key }));
      const many = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
      const { Errors = [] } = await this.#client.send(many, this.#options).catch((error: unknown) => {
        if (!['NotImplemented', 'MissingContentMD5', 'InvalidRequest'].includes((error as Error).name)) throw error;
        // Not all that speak as S3 do that.
        return { Errors: Objects.map(({ Key }) => ({ Key, Code: 'NotImplemented', Message: '' })) };
      });
      await atOnce(AT_ONCE, Errors, async ({ Code, Key, Message }) => {
        if (Code === 'NoSuchKey' || Key === undefined) return;
        if (Code !== 'NotImplemented') throw new Error(`${Key} cannot be removed: ${Code}: ${Message}`);
        await this.#client.send(new DeleteObjectCommand({ Bucket, Key }), this.#options);
      });
    }
    return undefined;
  }

  async copy({ bucket: Bucket, from, to }: Of<'copy'>): Promise<undefined> {
    const { CopyObjectCommand } = this.#sdk;
    const CopySource = [Bucket, ...from.split('/')].map(encodeURIComponent).join('/');
    await this.#client.send(new CopyObjectCommand({ Bucket, CopySource, Key: to }), this.#options);
    return undefined;
  }

  async size({ bucket: Bucket, key: Key }: Of<'size'>): Promise<number> {
    const { HeadObjectCommand } = this.#sdk;
    const { ContentLength = 0 } = await this.#client.send(new HeadObjectCommand({ Bucket, Key }), this.#options);
    return ContentLength;
  }

  async #getPart(Bucket: string, Key: string, offset: number, length?: number): Promise<Uint8Array<ArrayBuffer>> {
    const { GetObjectCommand } = this.#sdk;
    const Range = offset === 0 && length === undefined ? {} : { Range: rangeOf(offset, length) };
    try {
      const { Body } = await this.#client.send(new GetObjectCommand({ Bucket, Key, ...Range }), this.#options);
      return alone((await Body?.transformToByteArray()) ?? new Uint8Array());
    } catch (error) {
      // It ends before the part begins.
      if ((error as Error).name === 'InvalidRange') return new Uint8Array();
      throw error;
    }
  }

  async #putParts(Bucket: string, Key: string, body: Uint8Array): Promise<undefined> {
    const { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand } = this.#sdk;
    const { UploadPartCommand } = this.#sdk;
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand({ Bucket, Key }), this.#options);
    try {
      const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
      await atOnce(AT_ONCE, cut(body.length), async ({ from, index, to }) => {
        const part = { Bucket, Key, UploadId, PartNumber: index + 1, Body: body.subarray(from, to) };
        const { ETag } = await this.#client.send(new UploadPartCommand(part), this.#options);
        Parts[index] = { ETag, PartNumber: index + 1 };
      });
      const whole = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
      await this.#client.send(new CompleteMultipartUploadCommand(whole), this.#options);
    } catch (error) {
      await this.#client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => {});
      throw error;
    }
    return undefined;
  }
}

function rangeOf(offset: number, length: number | undefined): string {
  return `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`;
}

interface Cut {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

function cut(length: number): Cut[] {
  return Array.from({ length: Math.ceil(length / PART_BYTES) }, (_, index) => ({
    index,
    from: index * PART_BYTES,
    to: Math.min(length, (index + 1) * PART_BYTES),
  }));
}

/** The same bytes in memory of their own, which can be given away. */
function alone(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isAlone = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.byteLength;
  return isAlone ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
