/** The list of source types. */
import { type Registry, registry } from '../../core/registry.ts';
import { avro } from './avro.ts';
import { embedded } from './embedded.ts';
import { exec } from './exec.ts';
import { httpSource } from './http.ts';
import { multiportSyslogTcp } from './multiport-syslogtcp.ts';
import { netcat } from './netcat.ts';
import { netcatUdp } from './netcatudp.ts';
import { seq } from './seq.ts';
import type { SourceType } from './source.ts';
import { spooldir } from './spooldir.ts';
import { stress } from './stress.ts';
import { syslogTcp } from './syslogtcp.ts';
import { syslogUdp } from './syslogudp.ts';
import { taildir } from './taildir.ts';

/** All source types, by their names. */
export const sources: Registry<SourceType> = registry('source', [
  netcat,
  netcatUdp,
  spooldir,
  taildir,
  exec,
  avro,
  syslogTcp,
  multiportSyslogTcp,
  syslogUdp,
  httpSource,
  embedded,
  seq,
  stress,
]);
