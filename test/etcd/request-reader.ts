/** Finds the HTTP/1.1 requests in the bytes that a client sends, as loosely as a test needs it. */

/** A whole request. */
export interface Request {
  /** `POST /v3/kv/txn` */
  readonly line: string;
  /** All of it, each byte a character: line, headers and body. */
  readonly text: string;
}

/** Bytes to pass on in one piece: a whole request, or, of what is not HTTP/1.1, whatever came. */
export interface Piece {
  readonly bytes: Buffer;
  readonly request?: Request;
}

/** Cuts what one connection's client sends into pieces. */
export class RequestReader {
  #held: Buffer = Buffer.alloc(0);
  #isOpaque: boolean;

  /** `isOpaque` says that no HTTP is to be looked for. */
  constructor(isOpaque: boolean) {
    this.#isOpaque = isOpaque;
  }

  /** Takes bytes that came, and returns the pieces that they complete. */
  push(bytes: Buffer): readonly Piece[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const pieces: Piece[] = [];
    for (let piece = this.#next(); piece !== undefined; piece = this.#next()) pieces.push(piece);
    return pieces;
  }

  #next(): Piece | undefined {
    const held = this.#held;
    if (held.length === 0) return undefined;
    const text = held.toString("latin1");
    const line = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/.exec(text)?.[1];
    // TLS and HTTP/2 differ from the first line on; a shorter piece may become a request yet.
    this.#isOpaque ||= line === undefined && (text.includes("\n") || /[^\x20-\x7e\r]/.test(text));
    if (this.#isOpaque) return this.#take(held.length);
    const end = endOf(text);
    if (line === undefined || end === undefined) return undefined;
    return this.#take(end, { line, text: text.slice(0, end) });
  }

  #take(length: number, request?: Request): Piece {
    const bytes = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return request === undefined ? { bytes } : { bytes, request };
  }
}

/** Where the request at the beginning of the text ends, if it does. */
function endOf(text: string): number | undefined {
  const bodyStart = text.indexOf("\r\n\r\n") + 4;
  if (bodyStart < 4) return undefined;
  const head = text.slice(0, bodyStart);
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) {
    const last = text.indexOf("0\r\n\r\n", bodyStart);
    return last === -1 ? undefined : last + 5;
  }
  const end = bodyStart + Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
  return text.length >= end ? end : undefined;
}
