/**
 * Where the agents of the benchmark send: an Avro server that answers each request at once, one at a time on each connection, as Flume's does.
 * Tells how many events have come, each 50 ms. receiver.ts PORT
 */
import { decodeEvents, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';

const TELL_MS = 50;

let events = 0;
let told = -1;

await AvroRpcServer.listen({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  protocol: flumeProtocol,
  owner: 'the receiver',
  pipeline: 1,
  onRequest: (request) => {
    const name = request.message === 'append' ? 'append' : 'appendBatch';
    events += decodeEvents(name, request.params).count;
    request.reply(encodeStatus('OK'));
  },
});

setInterval(() => {
  if (events !== told) process.stdout.write(`${JSON.stringify({ events })}\n`);
  told = events;
}, TELL_MS);
