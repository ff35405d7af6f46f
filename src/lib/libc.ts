/**
 * The C library, called directly. It has what the runtime does not offer (a monotonic clock that processes share,
 * poll, an exit that takes no time), and files without `node:fs`, whose loading alone costs every plugin call 2 ms:
 * half as much as the start of the runtime (docs/decisions/0003).
 */
import { dlopen, ptr, read } from "bun:ffi";

const symbols = {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
  _exit: { args: ["i32"], returns: "void" },
  open: { args: ["ptr", "i32", "i32"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64" },
  statfs: { args: ["ptr", "ptr"], returns: "i32" },
  syscall: { args: ["i64", "i32", "ptr", "i32", "u32", "ptr"], returns: "i64" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
} as const;

/** The name by which the C library is loaded already: glibc's, or musl's, which has the machine in it. */
export const libcNames: readonly string[] = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
];

function load() {
  const [glibc = "", musl = ""] = libcNames;
  try {
    return dlopen(glibc, symbols).symbols;
  } catch {
    return dlopen(musl, symbols).symbols;
  }
}

/** The functions, with the types of the C library on 64-bit Linux. */
export const libc = load();

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8. The first `Buffer.from` of a process would cost 0.1 ms. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A text as C wants it. Throws {@link SystemError} for one with a NUL in it, which would cut it. */
export function cString(text: string): Uint8Array {
  if (text.includes("\0")) throw new SystemError("use", JSON.stringify(text), EINVAL);
  return encodeText(`${text}\0`);
}

const EINVAL = 22;

const names: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  11: "EAGAIN",
  13: "EACCES",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  24: "EMFILE",
  28: "ENOSPC",
  30: "EROFS",
  32: "EPIPE",
  36: "ENAMETOOLONG",
  40: "ELOOP",
  122: "EDQUOT",
};

/** An error of a call to the system; `code` is its name in errno.h. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string;

  constructor(call: string, subject: string, errno: number) {
    const code = names[errno] ?? `errno ${errno}`;
    super(`${code}: cannot ${call} ${subject}`);
    this.code = code;
  }
}

/** The number of the last error; to be asked directly after the call that failed. */
export function lastErrno(): number {
  // oxlint-disable-next-line no-underscore-dangle
  const location = libc.__errno_location();
  return location === null ? 0 : read.i32(location);
}

/** The error of the call that has just failed. */
export function systemError(call: string, subject: string): SystemError {
  return new SystemError(call, subject, lastErrno());
}

/** The name in errno.h of anything thrown by the system; undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** Where a typed array lies. */
export { ptr as pointerTo };
