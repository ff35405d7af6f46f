/** Pipes whose ends and size a test has in its hands. */
import { dlopen, ptr } from "bun:ffi";
import { closeSync, constants, readSync, writeSync } from "node:fs";

const O_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;

const libc = dlopen("libc.so.6", {
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
}).symbols;

/** A pipe; a process inherits an end only where it is handed over. */
export class Pipe {
  readonly reader: number;
  readonly writer: number;
  readonly #open: Set<number>;

  /** `nonBlocking`: a write to it never waits, as in the pipes of some runtimes. */
  constructor(options: { readonly nonBlocking?: boolean } = {}) {
    const ends = new Int32Array(2);
    if (libc.pipe2(ptr(ends), O_CLOEXEC) !== 0) throw new Error("pipe2 failed");
    const [reader = -1, writer = -1] = ends;
    if (options.nonBlocking === true) libc.fcntl(writer, F_SETFL, constants.O_NONBLOCK);
    this.reader = reader;
    this.writer = writer;
    this.#open = new Set(ends);
    made.add(this);
  }

  /** Makes it as small as can be and fills it: whoever writes more waits for a reader. */
  fill(): void {
    const sizeBytes = libc.fcntl(this.writer, F_SETPIPE_SZ, 1);
    if (sizeBytes < 1) throw new Error("F_SETPIPE_SZ failed");
    writeSync(this.writer, Buffer.alloc(sizeBytes, " "));
  }

  /** Reads to the end, which comes when nobody has the writer any more. */
  drain(): string {
    const chunks: Buffer[] = [];
    for (;;) {
      const chunk = Buffer.alloc(65_536);
      const count = readSync(this.reader, chunk);
      if (count === 0) return Buffer.concat(chunks).toString("utf8");
      chunks.push(chunk.subarray(0, count));
    }
  }

  closeReader(): void {
    this.#close(this.reader);
  }

  closeWriter(): void {
    this.#close(this.writer);
  }

  #close(end: number): void {
    if (this.#open.delete(end)) closeSync(end);
  }
}

const made = new Set<Pipe>();

/** Closes what is still open of all pipes: for `afterEach`. */
export function closePipes(): void {
  for (const pipe of made) {
    pipe.closeReader();
    pipe.closeWriter();
  }
  made.clear();
}
