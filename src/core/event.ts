/** A Flume event, the unit of the whole product: headers of text, and a body of bytes. */

/** What a user gives to be sent. */
export interface EventInit {
  /** Headers, text to text. None when left out. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body: bytes, or a text that is sent as UTF-8. */
  readonly body: Uint8Array | string;
}

/** An event with plain fields, as sources make and channels keep it. */
export interface PlainEvent {
  /** Texts by their names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Any bytes. */
  readonly body: Uint8Array;
}

/** An event with text bodies made bytes and headers filled in. */
export function plainEvent(init: EventInit): PlainEvent {
  return {
    headers: init.headers ?? {},
    body: typeof init.body === 'string' ? Buffer.from(init.body, 'utf8') : init.body,
  };
}
