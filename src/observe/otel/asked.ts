/** Whether OpenTelemetry is asked for: without loading anything of it. */

/** Variables that name where to send to, or by what. */
const ASKING = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_METRICS_EXPORTER',
  'OTEL_TRACES_EXPORTER',
];

/** Whether the environment asks for it. */
export function isOpenTelemetryAsked(env: NodeJS.ProcessEnv): boolean {
  return env['OTEL_SDK_DISABLED'] !== 'true' && ASKING.some((name) => (env[name] ?? '') !== '');
}
