/** What a job sends by OpenTelemetry: a real SDK in a process of its own sends to a server that keeps what comes. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOT, runCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly doubleValue?: number };
}

interface SentSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events: readonly { readonly name: string }[];
}

interface SentMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly dataPoints: readonly { readonly asInt?: string; readonly asDouble?: number }[] };
  readonly histogram?: { readonly dataPoints: readonly { readonly count: string }[] };
}

/** A collector: it keeps what is sent. */
async function collector(): Promise<{
  readonly url: string;
  readonly services: string[];
  readonly spans: SentSpan[];
  readonly metrics: SentMetric[];
}> {
  const kept = { services: [] as string[], spans: [] as SentSpan[], metrics: [] as SentMetric[] };
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const text = JSON.parse(body) as Record<string, readonly Record<string, unknown>[]>;
      for (const resource of [...(text['resourceSpans'] ?? []), ...(text['resourceMetrics'] ?? [])]) {
        const { attributes } = resource['resource'] as { attributes: readonly Attribute[] };
        kept.services.push(attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '');
        for (const scope of (resource['scopeSpans'] ?? []) as { spans: SentSpan[] }[]) kept.spans.push(...scope.spans);
        for (const scope of (resource['scopeMetrics'] ?? []) as { metrics: SentMetric[] }[])
          kept.metrics.push(...scope.metrics);
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...kept };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

const JOB = path.join(ROOT, 'jobs/queue-stream.ts');

describe('OpenTelemetry', { timeout: 120_000 }, () => {
  it('gets a span for each batch with its parts, and all measurements', async () => {
    const { metrics, services, spans, url } = await collector();
    const { code, stderr } = await runCli(
      ['run', JOB, '--batches', '2', '--batch-interval', '100ms', '--no-ui'],
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_METRIC_EXPORT_INTERVAL: '200',
        OTEL_METRIC_EXPORT_TIMEOUT: '150',
      },
      ownDirectory(),
    );
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('OpenTelemetry')]);
    expect(new Set(services)).toEqual(new Set(['queue-stream']));
    const batches = spans.filter(({ name }) => name === 'batch');
    expect(batches.length).toBeGreaterThanOrEqual(2);
    const full = batches.find(({ attributes }) =>
      attributes.some(({ key, value }) => key === 'streamjob.batch.events' && Number(value.intValue) > 0),
    );
    expect(full?.parentSpanId ?? '').toBe('');
    const parts = spans.filter(({ parentSpanId }) => parentSpanId === full?.spanId);
    expect(parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['stage reduceByKey', 'output print-0', 'commit']),
    );
    for (const { endTimeUnixNano, startTimeUnixNano } of [...batches, ...parts]) {
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
    }
    const last = (name: string): SentMetric | undefined => metrics.findLast((metric) => metric.name === name);
    const [committed] = last('streamjob.batches_committed')?.sum?.dataPoints ?? [];
    expect(Number(committed?.asInt ?? committed?.asDouble)).toBeGreaterThanOrEqual(2);
    expect(last('streamjob.batch_total_delay')).toMatchObject({ unit: 's' });
    expect(Number(last('streamjob.batch_total_delay')?.histogram?.dataPoints[0]?.count)).toBeGreaterThanOrEqual(2);
  });

  it('is not loaded unless the environment asks for it', async () => {
    const { code, stderr } = await runCli(
      ['run', JOB, '--batches', '1', '--batch-interval', '100ms', '--no-ui'],
      {
        OTEL_SDK_DISABLED: 'true',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      },
      ownDirectory(),
    );
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('OpenTelemetry')]);
  });

  it('does not keep a job from ending when nobody takes what it sends', async () => {
    const { code } = await runCli(
      ['run', JOB, '--batches', '1', '--batch-interval', '100ms', '--no-ui'],
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      ownDirectory(),
    );
    expect(code).toBe(0);
  });
});
