/** Log lines for people: RFC 3339 time, level, message, fields. Logging never fails its caller. */
import { closeFile, openToAppend, statDescriptor, writeSome } from "./files.ts";
import { printable } from "./printable.ts";
import { encodeText } from "./system-call.ts";

/** Where use cases and edges say what they do. */
export interface Log {
  error(message: string): void;
  warning(message: string): void;
  verbose(message: string): void;
  debug(message: string): void;
}

const STDOUT = 1;

/** From the fewest lines to the most; each includes those before it. */
const levels = ["panic", "error", "verbose", "debug"] as const;

/** How a log is written. */
export interface LogOptions {
  /** Appended to and created if missing (mode 0644); undefined: no file. */
  readonly file: string | undefined;
  /** Lines of the file; warnings count as `verbose`. */
  readonly level: (typeof levels)[number];
  /** What stands at the end of each line: `containerId=abc`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Takes errors, and that the file cannot be written. */
  readonly stderr: (line: string) => void;
  readonly now: () => Date;
}

/** A log to a file; errors go to standard error as well. The file is opened with the first line. */
export function openLog(options: LogOptions): Log {
  const { file, level, stderr, now } = options;
  const fields = Object.entries(options.fields)
    .filter(([, value]) => value !== "")
    .map(([key, value]) => ` ${key}=${printable(value)}`)
    .join("");
  let descriptor: number | undefined;
  let broken = file === undefined;

  function write(name: string, message: string): void {
    if (broken || file === undefined) return;
    try {
      descriptor ??= openForAppending(file);
      const line = `${now().toISOString()} [${name}] ${printable(message)}${fields}\n`;
      writeSome(descriptor, encodeText(line), file);
    } catch (error) {
      broken = true;
      if (descriptor !== undefined) closeFile(descriptor);
      stderr(`whereabouts: cannot write log_file ${file}: ${String(error)}`);
    }
  }

  const rank = levels.indexOf(level);
  return {
    error(message) {
      stderr(`whereabouts: ${printable(message)}`);
      if (rank >= levels.indexOf("error")) write("error", message);
    },
    warning: (message) => rank >= levels.indexOf("verbose") && write("warning", message),
    verbose: (message) => rank >= levels.indexOf("verbose") && write("verbose", message),
    debug: (message) => rank >= levels.indexOf("debug") && write("debug", message),
  };
}

/** Throws for standard output, whatever its name. */
function openForAppending(file: string): number {
  const descriptor = openToAppend(file, 0o644);
  if (statDescriptor(descriptor)?.identity !== statDescriptor(STDOUT)?.identity) return descriptor;
  closeFile(descriptor);
  throw new Error("it is standard output, where nothing but the result may go");
}
