/**
 * Encryption between a driver and the hosts that receive for it: TLS with a key that both make of one secret (pre-shared key, RFC 4279 and
 * RFC 5489), so that nobody needs certificates and who does not know the secret is not talked to. Without a secret only this machine is.
 */
import { scryptSync } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { StreamjobError } from '../../core/errors.ts';
import { fileError } from '../../core/files.ts';
import { fsSync, net, tls } from '../../core/machine.ts';

/** Forward secrecy, and encryption that tells of changes; TLS 1.3 has no such keys in Node. */
const CIPHERS = 'ECDHE-PSK-CHACHA20-POLY1305';
const IDENTITY = 'streamjob';
const KEY_BYTES = 32;
const LEAST_LENGTH = 16;

/** Reads a secret. @param file its path @throws StreamjobError CONFIG_INVALID, FILE_ACCESS */
export function readSecret(file: string): Buffer {
  let text: string;
  try {
    text = fsSync.readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw fileError(error, 'cannot read the secret', file);
  }
  if (text.length < LEAST_LENGTH) {
    throw new StreamjobError('CONFIG_INVALID', `the secret has ${text.length} characters`, {
      where: file,
      hint: `give it ${LEAST_LENGTH} at least: head -c 32 /dev/urandom | base64 > ${file}`,
    });
  }
  // A salt of its own cannot be: both sides make the key before they have talked.
  return scryptSync(text, 'streamjob receivers', KEY_BYTES);
}

/** An address, where a secret may be needed. @throws StreamjobError CONFIG_INVALID when it is reached from elsewhere and there is none */
export function requireSecret(host: string, secret: Buffer | undefined, where: string): void {
  if (secret !== undefined || isLoopback(host)) return;
  throw new StreamjobError('CONFIG_INVALID', `${host} is reached from other machines, and there is no secret`, {
    where,
    hint: 'give driver and hosts the same --secret-file; or listen on 127.0.0.1',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Listens for hosts. @param onSocket takes those that know the secret */
export function serverFor(secret: Buffer | undefined, onSocket: (socket: Socket) => void): Server {
  if (secret === undefined) return net.createServer(onSocket);
  const server = tls.createServer(
    { ciphers: CIPHERS, maxVersion: 'TLSv1.2', pskCallback: (_, identity) => (identity === IDENTITY ? secret : null) },
    onSocket,
  );
  // One that does not know it is not answered; nothing of it is an error here.
  server.on('tlsClientError', () => {});
  return server;
}

/** Connects to a driver. @param onConnect called when it can be talked to */
export function connectTo(host: string, port: number, secret: Buffer | undefined, onConnect: () => void): Socket {
  if (secret === undefined) return net.connect({ host, port }, onConnect);
  return tls.connect(
    {
      ...{ host, port, ciphers: CIPHERS, maxVersion: 'TLSv1.2' },
      pskCallback: () => ({ psk: secret, identity: IDENTITY }),
      // There are no certificates: who does not know the secret fails the handshake.
      checkServerIdentity: () => undefined,
    },
    onConnect,
  );
}
