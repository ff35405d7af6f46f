/**
 * System calls, through the one function of the C library that makes them all. They reach what the runtime does not
 * offer (a monotonic clock that processes share, poll, an exit that takes no time), and files without `node:fs`, whose
 * loading alone would cost every plugin call 2 ms: half as much as the start of the runtime. One function, because
 * each more would cost 0.04 ms, and buffers that stay, because what runs often at a start starts the JIT
 * (docs/decisions/0002).
 */
import type { FFIFunction, Library } from "bun:ffi";
import { dlopen, ptr, read } from "bun:ffi";

const declarations = {
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** Functions of the C library, which is loaded already: glibc, or musl, whose name has the machine in it. */
export function functionsOfLibc<Functions extends Record<string, FFIFunction>>(
  functions: Functions,
): Library<Functions>["symbols"] {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  try {
    return dlopen("libc.so.6", functions).symbols;
  } catch {
    return dlopen(`/lib/libc.musl-${machine}.so.1`, functions).symbols;
  }
}

const libc = functionsOfLibc(declarations);

/** The numbers of the calls, from the kernel's asm/unistd.h. */
const x64 = {
  read: 0,
  write: 1,
  close: 3,
  rt_sigprocmask: 14,
  setitimer: 38,
  flock: 73,
  statfs: 137,
  clock_gettime: 228,
  exit_group: 231,
  openat: 257,
  ppoll: 271,
  statx: 332,
};
const arm64: typeof x64 = {
  read: 63,
  write: 64,
  close: 57,
  rt_sigprocmask: 135,
  setitimer: 103,
  flock: 32,
  statfs: 43,
  clock_gettime: 113,
  exit_group: 94,
  openat: 56,
  ppoll: 73,
  statx: 291,
};
const numbers = process.arch === "arm64" ? arm64 : x64;

/** What a call takes: a number, or where a buffer lies. */
type Argument = number | Pointer;

/** Where a buffer lies in memory. */
export type Pointer = ReturnType<typeof ptr>;

/** Makes a call; negative if it failed, and then {@link systemError} says why. */
export function systemCall(
  name: keyof typeof x64,
  a: Argument,
  b: Argument = 0,
  c: Argument = 0,
  d: Argument = 0,
  e: Argument = 0,
): number {
  return libc.syscall(numbers[name], a, b, c, d, e);
}

/** Where a buffer lies, for one call. */
export function pointerTo(buffer: NodeJS.TypedArray): Pointer {
  return ptr(buffer);
}

/** A buffer that stays where it is. */
export interface FixedBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pointer: Pointer;
}

/** Makes a buffer for calls that are made often. The memory of a small array would move once it is looked at in another way. */
export function fixedBuffer(sizeBytes: number): FixedBuffer {
  const bytes = new Uint8Array(new ArrayBuffer(sizeBytes));
  return { bytes, pointer: ptr(bytes) };
}

/** Longer paths do not exist (`PATH_MAX`). */
const path = fixedBuffer(4096);
const encoder = new TextEncoder();

/**
 * A path as a call wants it; valid until the next one is asked for. Throws {@link SystemError} for one that is too
 * long, or has a NUL in it, which would cut it.
 */
export function pathPointerTo(text: string): Pointer {
  if (text.includes("\0")) throw new SystemError("use", JSON.stringify(text), 22);
  const { read: taken, written } = encoder.encodeInto(text, path.bytes);
  if (taken < text.length || written === path.bytes.length) throw new SystemError("use", text, 36);
  path.bytes[written] = 0;
  return path.pointer;
}

/** The bytes of a text in UTF-8. The first `Buffer.from` of a process would cost 0.1 ms. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

const ENOENT = 2;
const ENOTDIR = 20;

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

/** The error of the call that has just failed; to be asked directly after it. */
export function systemError(call: string, subject: string): SystemError {
  return new SystemError(call, subject, lastErrno());
}

/** Whether the call that has just failed did so because there is nothing at its path; to be asked directly after it. */
export function wasMissing(): boolean {
  const errno = lastErrno();
  return errno === ENOENT || errno === ENOTDIR;
}

function lastErrno(): number {
  // oxlint-disable-next-line no-underscore-dangle
  const location = libc.__errno_location();
  return location === null ? 0 : read.i32(location);
}

/** The name in errno.h of anything thrown by the system; undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
