/** The words of `flume-ng agent` that no reader of flags takes as they are: `-Dname=value`, `-Xmx20m`, `-prov CLASS`. */
import { UsageError } from './usage-error.ts';

/** Options of Flume that cannot do anything here. */
const REFUSED: Readonly<Record<string, string>> = {
  '-z': 'configurations in ZooKeeper are not supported: give a file (-f) or a URI (-u)',
  '-p': 'configurations in ZooKeeper are not supported: give a file (-f) or a URI (-u)',
  '-prov': 'providers are Java classes, and there is no Java here',
  '-a': 'providers of credentials are Java classes, and there is no Java here',
  '-user': 'servers that want a password are not supported',
  '-pwd': 'servers that want a password are not supported',
};
const LONG: Readonly<Record<string, string>> = {
  '--zkConnString': '-z',
  '--zkBasePath': '-p',
  '--conf-provider': '-prov',
  '--auth-provider': '-a',
  '--conf-user': '-user',
  '--conf-password': '-pwd',
};

/** The words, sorted. */
export interface AgentWords {
  /** What the reader of flags gets. */
  readonly words: readonly string[];
  /** Of `-Dname=value`. */
  readonly system: Readonly<Record<string, string>>;
  /** Options of the Java machine, which have no effect. */
  readonly ofJava: readonly string[];
}

/**
 * Takes the words of Java out.
 * @throws UsageError for options that are refused, with the reason
 * @example sortWords(['-n', 'a1', '-Dport=1', '-Xmx20m']) // { words: ['-n', 'a1'], system: { port: '1' }, ofJava: ['-Xmx20m'] }
 */
export function sortWords(all: readonly string[]): AgentWords {
  const words: string[] = [];
  const system: Record<string, string> = {};
  const ofJava: string[] = [];
  for (const word of all) {
    const [name = ''] = word.split('=');
    const refused = REFUSED[LONG[name] ?? name];
    if (refused !== undefined) throw new UsageError(`${name}: ${refused}`);
    if (/^-D[^=]/.test(word)) {
      const [, key = '', value = ''] = /^-D([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
      system[key] = value;
    } else if (/^-X[\w:]/.test(word)) ofJava.push(word);
    else words.push(word);
  }
  return { words, system, ofJava };
}
