/**
 * Sends a job's measurements and batches by OpenTelemetry, where the environment names an endpoint (OTEL_EXPORTER_OTLP_ENDPOINT and its like).
 * The packages are the user's to install: a job without them has none of their cost. A job that is started with an SDK of the user's own
 * (`node --import ./telemetry.mjs`) uses that one.
 */
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { after } from '../../core/machine.ts';
import { Metrics } from '../metrics.ts';
import type { Observer } from '../observer.ts';
import { Instruments } from './measures.ts';
import { tellBatch } from './spans.ts';

/** How long the last measurements may take on their way at the end, in ms. */
const END_MS = 5000;

/** Ends it: what was measured last is sent. */
export type EndOpenTelemetry = () => Promise<void>;

/** Begins. @returns undefined where the packages are missing, or do not start: the job runs without, and the log says why */
export async function startOpenTelemetry(
  observer: Observer,
  log: Logger,
  version: string,
): Promise<EndOpenTelemetry | undefined> {
  try {
    const api = await import('@opentelemetry/api');
    const end = hasProvider(api.metrics.getMeterProvider()) ? async () => {} : await startSdk(observer);
    new Instruments(api.metrics.getMeter('streamjob', version), new Metrics(observer), observer);
    const tracer = api.trace.getTracer('streamjob', version);
    observer.onBatch((batch) => tellBatch(batch, tracer, api));
    return end;
  } catch (error) {
    const isMissing = (error as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    const why = isMissing
      ? 'its packages are not installed: npm install @opentelemetry/api @opentelemetry/sdk-node (0.223 for Node.js 20)'
      : messageOf(error);
    log.warn({}, `the environment asks for OpenTelemetry, and the job runs without it: ${why}`);
    return undefined;
  }
}

/** Whether somebody has set an SDK up; without one there is a provider that does nothing. */
function hasProvider(provider: object): boolean {
  return provider.constructor.name !== 'NoopMeterProvider';
}

async function startSdk(observer: Observer): Promise<EndOpenTelemetry> {
  // Logs go where the job's logs go.
  process.env['OTEL_LOGS_EXPORTER'] ??= 'none';
  process.env['OTEL_METRICS_EXPORTER'] ??= 'otlp';
  process.env['OTEL_TRACES_EXPORTER'] ??= 'otlp';
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] ?? observer.observed.name,
    instrumentations: [],
  });
  sdk.start();
  return async () => {
    let endTimer = (): void => {};
    const late = new Promise<void>((resolve) => {
      endTimer = after(END_MS, resolve);
    });
    await Promise.race([sdk.shutdown().catch(() => {}), late]);
    endTimer();
  };
}
