/**
 * Encryption between a driver and the hosts that receive for it, by which they also know each other: either TLS with a key that both make of one
 * secret (pre-shared key, RFC 4279 and RFC 5489), so that nobody needs certificates; or TLS where each has a certificate of an authority
 * that both trust. Without either, only this machine is talked to.
 */
import { scryptSync } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { fileError } from '../../core/files.ts';
import { fsSync, net, tls } from '../../core/machine.ts';

/** Which files there are, as options name them. */
export interface SecurityFiles {
  readonly secretFile?: string | undefined;
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
  readonly tlsCaFile?: string | undefined;
}

/** What a driver and its hosts know each other by. */
export type Security = { readonly kind: 'secret'; readonly key: Buffer } | Certificates;

interface Certificates {
  readonly kind: 'certificates';
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Forward secrecy, and encryption that tells of changes; TLS 1.3 has no such keys in Node. */
const CIPHERS = 'ECDHE-PSK-CHACHA20-POLY1305';
const IDENTITY = 'streamjob';
const KEY_BYTES = 32;
const LEAST_LENGTH = 16;

/** Reads what is given. @returns undefined: nothing is @throws StreamjobError CONFIG_INVALID, FILE_ACCESS */
export function readSecurity({ secretFile, tlsCaFile, tlsCertFile, tlsKeyFile }: SecurityFiles): Security | undefined {
  const given = { tlsCertFile, tlsKeyFile, tlsCaFile };
  const missing = Object.entries(given).filter(([, file]) => file === undefined);
  if (missing.length === 3) return secretFile === undefined ? undefined : { kind: 'secret', key: keyOf(secretFile) };
  if (tlsCertFile === undefined || tlsKeyFile === undefined || tlsCaFile === undefined) {
    throw new StreamjobError('CONFIG_INVALID', 'a certificate needs its key, and the authority of those it talks to', {
      where: missing.map(([option]) => option).join(', '),
      hint: 'give tlsCertFile, tlsKeyFile and tlsCaFile together',
    });
  }
  if (secretFile !== undefined) {
    throw new StreamjobError('CONFIG_INVALID', 'there are a secret and a certificate', {
      where: 'secretFile, tlsCertFile',
      hint: 'driver and hosts know each other by the one or by the other',
    });
  }
  const certificates: Certificates = { kind: 'certificates', cert: tlsCertFile, key: tlsKeyFile, ca: tlsCaFile };
  contextOf(certificates);
  return certificates;
}

function keyOf(file: string): Buffer {
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

/** What the files have now: certificates are renewed while a job runs. @throws StreamjobError CONFIG_INVALID, FILE_ACCESS */
function contextOf({ ca, cert, key }: Certificates): SecureContextOptions {
  const [certText, keyText, caText] = [cert, key, ca].map((file) => {
    try {
      return fsSync.readFileSync(file, 'utf8');
    } catch (error) {
      throw fileError(error, 'cannot read a certificate', file);
    }
  });
  const context: SecureContextOptions = { cert: certText, key: keyText, ca: caText };
  try {
    tls.createSecureContext(context);
  } catch (error) {
    throw new StreamjobError('CONFIG_INVALID', `this is no certificate with its key: ${messageOf(error)}`, {
      where: `${cert}, ${key}, ${ca}`,
      hint: 'they are PEM files, the key without a passphrase; the authority may be several, one behind the other',
      cause: error,
    });
  }
  return context;
}

/** An address, where security may be needed. @throws StreamjobError CONFIG_INVALID when it is reached from elsewhere and there is none */
export function requireSecurity(host: string, security: Security | undefined, where: string): void {
  if (security !== undefined || isLoopback(host)) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `${host} is reached from other machines, and there is no secret and no certificate`,
    {
      where,
      hint: 'give driver and hosts the same --secret-file, or certificates (--tls-cert-file, --tls-key-file, --tls-ca-file); or listen on 127.0.0.1',
    },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Listens for hosts. @param onSocket takes those that are known */
export function serverFor(security: Security | undefined, onSocket: (socket: Socket) => void): Server {
  if (security === undefined) return net.createServer(onSocket);
  const server = security.kind === 'secret' ? secretServer(security.key, onSocket) : certified(security, onSocket);
  // One that is not known is not answered; nothing of it is an error here.
  server.on('tlsClientError', () => {});
  return server;
}

function secretServer(key: Buffer, onSocket: (socket: Socket) => void): TlsServer {
  const pskCallback = (_: unknown, identity: string): Buffer | null => (identity === IDENTITY ? key : null);
  return tls.createServer({ ciphers: CIPHERS, maxVersion: 'TLSv1.2', pskCallback }, onSocket);
}

function certified(certificates: Certificates, onSocket: (socket: Socket) => void): TlsServer {
  const server = tls.createServer(
    { ...contextOf(certificates), requestCert: true, rejectUnauthorized: true },
    onSocket,
  );
  const changed = (): string =>
    [certificates.cert, certificates.key, certificates.ca].map((file) => fsSync.statSync(file).mtimeMs).join();
  let known = changed();
  // Before the server's own listener begins to talk: whoever comes sees a certificate that was renewed meanwhile.
  server.prependListener('connection', () => {
    try {
      const now = changed();
      if (now === known) return;
      server.setSecureContext(contextOf(certificates));
      known = now;
    } catch {
      // They are being written: the ones before hold until they are whole.
    }
  });
  return server;
}

/** Connects to a driver. @param onConnect called when it can be talked to @throws StreamjobError CONFIG_INVALID, FILE_ACCESS */
export function connectTo(host: string, port: number, security: Security | undefined, onConnect: () => void): Socket {
  if (security === undefined) return net.connect({ host, port }, onConnect);
  if (security.kind === 'certificates') {
    // The driver's certificate has to be of the host that this one was told.
    return tls.connect({ ...contextOf(security), host, port, servername: net.isIP(host) ? '' : host }, onConnect);
  }
  const { key } = security;
  return tls.connect(
    {
      ...{ host, port, ciphers: CIPHERS, maxVersion: 'TLSv1.2' },
      pskCallback: () => ({ psk: key, identity: IDENTITY }),
      // There are no certificates: who does not know the secret fails the handshake.
      checkServerIdentity: () => undefined,
    },
    onConnect,
  );
}
