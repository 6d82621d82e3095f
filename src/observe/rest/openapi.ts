/** The OpenAPI document of all endpoints. */
import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { PROBLEM, READINESS } from './schemas.ts';

const json = (schema: object): object => ({ 'application/json': { schema } });
const problem = (description: string): object => ({ description, content: json(PROBLEM) });
const text = (description: string): object => ({
  description,
  content: { 'text/plain': { schema: { type: 'string' } } },
});

/** OpenAPI 3.1. */
export function openApi(version: string): object {
  const paths = Object.fromEntries(
    ENDPOINTS.map((endpoint) => [`/api/v1${endpoint.path}`, { get: operationOf(endpoint) }]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'streamjob', version, description: 'What a job does that runs. All of it is read-only.' },
    paths: {
      ...paths,
      '/api/v1/events': {
        get: {
          summary: 'server-sent events: `overview` once a second, `batch` for each batch that is over',
          responses: {
            200: { description: 'the events', content: { 'text/event-stream': { schema: { type: 'string' } } } },
            503: problem('too many listen'),
          },
        },
      },
      '/recording.html': {
        get: {
          summary: 'the page with all that it shows, as one file that opens without a server',
          parameters: [
            {
              name: 'events',
              in: 'query',
              description: 'no: the events of dead letters are left out',
              schema: { type: 'string' },
            },
          ],
          responses: {
            200: { description: 'the file', content: { 'text/html': { schema: { type: 'string' } } } },
            404: problem('the page was not built'),
          },
        },
      },
      '/api/v1/applications/{name}/tap/{operator}': {
        get: {
          summary:
            'server-sent events: `operator` once, then `tap` for each batch, with some of the values that the operator gave',
          parameters: [
            { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
            {
              name: 'operator',
              in: 'path',
              required: true,
              description: 'its number in the graph, or its name where no other has it',
              schema: { type: 'string' },
            },
            {
              name: 'values',
              in: 'query',
              description: 'how many values are shown of a second, from 0 to 200; left out: 20',
              schema: { type: 'string' },
            },
          ],
          responses: {
            200: { description: 'the events', content: { 'text/event-stream': { schema: { type: 'string' } } } },
            400: problem('the number of values, or of taps, is too large'),
            404: problem('there is no such operator'),
          },
        },
      },
      '/metrics': { get: { summary: 'for Prometheus', responses: { 200: text('text exposition format 0.0.4') } } },
      '/healthz': { get: { summary: 'whether the process is alive', responses: { 200: text('ok') } } },
      '/readyz': {
        get: {
          summary: 'whether the receivers run and batches commit',
          responses: {
            200: { description: 'ready', content: json(READINESS) },
            503: { description: 'not ready', content: json(READINESS) },
          },
        },
      },
    },
  };
}

function operationOf({ path, query = {}, schema, summary }: Endpoint): object {
  const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const values = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  return {
    summary,
    parameters: [...parts, ...values],
    responses: {
      200: { description: summary, content: json(schema) },
      400: problem('the request has no answer'),
      404: problem('there is no such thing'),
    },
  };
}
