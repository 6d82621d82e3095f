/** What a handler of the http source is: it makes events of a request. */
import type { PlainEvent } from '../../../core/event.ts';
import type { ComponentType } from '../../component/component-type.ts';

/** A request. */
export interface HttpRequest {
  /** As it stands in the header Content-Type; undefined: there is none. */
  readonly contentType: string | undefined;
  /** The parameters of its address. */
  readonly parameters: URLSearchParams;
  readonly body: Buffer;
}

/**
 * Makes the events of a request.
 * @throws RefusedRequest with the answer
 */
export type HttpHandler = (request: HttpRequest) => PlainEvent[];

/** A type of handler. */
export type HttpHandlerType = ComponentType<undefined, HttpHandler>;

/** A request that makes no events. */
export class RefusedRequest extends Error {
  /** 400: the request is wrong; 500: it is one that the handler does not take. */
  readonly status: 400 | 500;

  constructor(status: 400 | 500, message: string) {
    super(message);
    this.status = status;
  }
}

/** The charset that a Content-Type names, in lower case. @example charsetOf('application/json; charset="UTF-16"') // 'utf-16' */
export function charsetOf(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase();
}
