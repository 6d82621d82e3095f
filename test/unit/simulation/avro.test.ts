/** The Avro RPC server and client over the simulated network, in simulated time. */
import { expect, test } from 'vitest';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { encodeAppend, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { sleep, systemClock } from '../../../src/core/clock.ts';
