/**
 * Flume's IP filter: comma separated rules `allow|deny:ip|name:pattern` with the wildcards * and ?; the first rule that
 * fits decides, and a peer that no rule fits is allowed. Example: `allow:ip:127.*,allow:name:localhost,deny:ip:*`.
 */
import { lookupService } from 'node:dns/promises';
import { StreamjobError } from '../core/errors.ts';

/** Whether a peer may connect. @param address its IP address @param port its port */
export type IpFilter = (address: string, port: number) => Promise<boolean> | boolean;

interface Rule {
  readonly allow: boolean;
  readonly kind: 'ip' | 'name';
  readonly pattern: RegExp;
}

/**
 * @param text the rules
 * @throws StreamjobError CONFIG_INVALID naming the rule that is wrong
 * @example
 * const mayConnect = ipFilter('allow:ip:127.0.0.*,deny:ip:*');
 */
export function ipFilter(text: string): IpFilter {
  const rules = text.split(',').map((rule) => parseRule(rule.trim()));
  const byName = rules.some((rule) => rule.kind === 'name');
  const decide = (ip: string, name: string): boolean =>
    rules.find((rule) => rule.pattern.test(rule.kind === 'ip' ? ip : name))?.allow ?? true;
  return (address, port) => {
    // An IPv4 peer on an IPv6 socket: users write its IPv4 address.
    const ip = address.replace(/^::ffff:(?=\d+\.)/i, '');
    if (!byName) return decide(ip, ip);
    return lookupService(ip, port).then(
      ({ hostname }) => decide(ip, hostname),
      () => decide(ip, ip),
    );
  };
}

function parseRule(rule: string): Rule {
  const match = /^(allow|deny):(ip|name):(.+)$/i.exec(rule);
  if (match === null) {
    throw new StreamjobError('CONFIG_INVALID', `this is no IP filter rule: ${JSON.stringify(rule)}`, {
      where: 'ipFilter',
      hint: 'a rule is allow or deny, ip or name, and a pattern with * and ?, e.g. allow:ip:127.*',
    });
  }
  const [, action = '', kind = '', pattern = ''] = match;
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return {
    allow: action.toLowerCase() === 'allow',
    kind: kind.toLowerCase() === 'ip' ? 'ip' : 'name',
    pattern: new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 'i'),
  };
}
