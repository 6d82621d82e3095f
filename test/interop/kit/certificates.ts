/** A server's key and certificate, made by the JDK's keytool when a test asks for them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Scene } from './scene.ts';

/** Files of one server. */
export interface Certificates {
  /** PKCS#12 with the server's key and certificate. */
  readonly keyStore: string;
  /** PKCS#12 with the certificate only, as Java trusts it. */
  readonly trustStore: string;
  /** The certificate in PEM, as others trust it. */
  readonly pem: string;
  readonly password: string;
  /** For flumeStream's `tls`. */
  readonly server: { readonly pfx: Buffer; readonly passphrase: string };
}

/** Makes them in the scene's directory. */
export function makeCertificates(scene: Scene): Certificates {
  const at = (name: string): string => path.join(scene.directory, name);
  const [keyStore, trustStore, pem, password] = [at('server.p12'), at('trust.p12'), at('server.pem'), 'interop-secret'];
  const store = (file: string): string[] => [
    '-alias',
    'server',
    '-storetype',
    'PKCS12',
    '-keystore',
    file,
    '-storepass',
    password,
  ];
  const name = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost,ip:127.0.0.1'];
  keytool('-genkeypair', ...store(keyStore), '-keyalg', 'RSA', '-validity', '2', ...name);
  keytool('-exportcert', '-rfc', ...store(keyStore), '-file', pem);
  keytool('-importcert', '-noprompt', ...store(trustStore), '-file', pem);
  return { keyStore, trustStore, pem, password, server: { pfx: readFileSync(keyStore), passphrase: password } };
}

function keytool(...args: string[]): void {
  execFileSync('keytool', args, { stdio: 'pipe' });
}
