/** A session, with a server that says nothing: whoever waits for it must not wait for ever. */
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { expect, onTestFinished, test } from 'vitest';
import { SparkSession, sql } from '../../../../src/engine/spark/connect/client.ts';

const PLAN = '/spark.connect.SparkConnectService/ExecutePlan';
const QUESTION = '/spark.connect.SparkConnectService/AnalyzePlan';

/** @param answers what the server does with each call */
async function serve(answers: (path: string, stream: ServerHttp2Stream) => void): Promise<string> {
  const server: Http2Server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume();
    answers(String(headers[':path']), stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `sc://127.0.0.1:${(server.address() as { readonly port: number }).port}`;
}

/** An answer without a message, as gRPC has it. */
function end(stream: ServerHttp2Stream, status: number): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': 'said so' }));
  stream.end();
}

test('a server that does not answer is taken for lost', async () => {
  const asked: string[] = [];
  const url = await serve((path) => asked.push(path));
  const session = new SparkSession(url, { silenceMs: 20, answerMs: 20 });
  await expect(session.run(sql('SELECT 1'))).rejects.toMatchObject({ code: 'CONNECT_FAILED', where: url.slice(5) });
  expect(asked).toEqual([PLAN, QUESTION, QUESTION]);
});

test('one that answers, if only that it does not know how, is waited for', async () => {
  const questions: string[] = [];
  let plan: ServerHttp2Stream | undefined;
  const url = await serve((path, stream) => {
    if (path === PLAN) plan = stream;
    else {
      questions.push(path);
      end(stream, 12);
      // Asked often enough: the plan is over.
      if (questions.length === 5 && plan !== undefined) end(plan, 0);
    }
  });
  const session = new SparkSession(url, { silenceMs: 5, answerMs: 5000 });
  expect(await session.run(sql('SELECT 1'))).toEqual([]);
  expect(questions.length).toBeGreaterThanOrEqual(5);
});
