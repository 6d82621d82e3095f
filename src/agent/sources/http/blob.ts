/** The handlers of requests whose whole body is one event; the parameters of the address become its headers. */
import { defineComponent } from '../../component/component.ts';
import { int, text } from '../../component/fields.ts';
import { type HttpHandler, type HttpHandlerType, type HttpRequest, RefusedRequest } from './handler.ts';

/** The first value of each parameter. */
function parametersOf({ parameters }: HttpRequest): Record<string, string> {
  return Object.fromEntries([...parameters].reverse());
}

/** The BLOB handler. */
export const blobHandler: HttpHandlerType = defineComponent({
  type: 'blob',
  aliases: ['org.apache.flume.source.http.BLOBHandler'],
  doc: 'the body of a request is one event, its parameters are the headers',
  fields: {
    mandatoryParameters: text({ doc: 'parameters that a request must have, separated by commas', default: '' }),
  },
  create: ({ mandatoryParameters }): HttpHandler => {
    const needed = mandatoryParameters.split(',').filter((name) => name !== '');
    return (request) => {
      const headers = parametersOf(request);
      const missing = needed.find((name) => !Object.hasOwn(headers, name));
      if (missing !== undefined) throw new RefusedRequest(500, `the parameter ${missing} is missing`);
      return [{ headers, body: request.body }];
    };
  },
});

/** The handler of Flume's morphline module. */
export const truncatingBlobHandler: HttpHandlerType = defineComponent({
  type: 'org.apache.flume.sink.solr.morphline.BlobHandler',
  doc: 'as `blob`, with the header content-type, and a largest body that is cut',
  fields: {
    maxBlobLength: int({ unit: 'bytes', doc: 'what is longer is cut', default: 100_000_000, min: 1 }),
  },
  create:
    ({ maxBlobLength }): HttpHandler =>
    (request) => {
      const { body, contentType } = request;
      const type: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType };
      return [{ headers: { ...type, ...parametersOf(request) }, body: body.subarray(0, maxBlobLength) }];
    },
});
