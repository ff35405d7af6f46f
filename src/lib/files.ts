/** The few things that a plugin call does with files: look, read, append. All synchronous. */
import { cString, libc, pointerTo, systemError } from "./libc.ts";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const SYS_STATX = process.arch === "arm64" ? 291 : 332;

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_APPEND = 0o2000;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** What is known of a file without opening it. */
export interface FileStatus {
  readonly kind: "file" | "folder" | "symbolic-link" | "other";
  /** Device and inode: what makes it this file. */
  readonly identity: string;
  readonly userId: number;
  readonly sizeBytes: number;
}

const kinds: Readonly<Record<number, FileStatus["kind"]>> = {
  0o100000: "file",
  0o040000: "folder",
  0o120000: "symbolic-link",
};

/** Looks at a file, through symbolic links; undefined if nothing is there. Throws `SystemError`. */
export function statFile(path: string): FileStatus | undefined {
  return statAt(AT_FDCWD, path, 0);
}

/** Looks at a file, or at the symbolic link that is in its place; undefined if nothing is there. Throws `SystemError`. */
export function statLink(path: string): FileStatus | undefined {
  return statAt(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
}

/** Looks at an open file. Throws `SystemError`. */
export function statDescriptor(descriptor: number): FileStatus | undefined {
  return statAt(descriptor, "", AT_EMPTY_PATH);
}

function statAt(folder: number, path: string, flags: number): FileStatus | undefined {
  const buffer = new Uint8Array(256);
  const name = pointerTo(cString(path));
  const result = libc.syscall(SYS_STATX, folder, name, flags, STATX_BASIC_STATS, pointerTo(buffer));
  if (Number(result) !== 0) {
    const error = systemError("look at", path);
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  }
  // struct statx of linux/stat.h, which is the same on every machine.
  const statx = new DataView(buffer.buffer);
  const device = `${statx.getUint32(0x88, true)}:${statx.getUint32(0x8c, true)}`;
  return {
    kind: kinds[statx.getUint16(0x1c, true) & 0o170000] ?? "other",
    identity: `${device}:${statx.getBigUint64(0x20, true)}`,
    userId: statx.getUint32(0x14, true),
    sizeBytes: Number(statx.getBigUint64(0x28, true)),
  };
}

/** The magic number of the file system on which a file is (statfs(2)). Throws `SystemError`. */
export function fileSystemOf(path: string): number {
  const statfs = new Int32Array(64);
  if (libc.statfs(pointerTo(cString(path)), pointerTo(statfs)) !== 0)
    throw systemError("look at", path);
  return statfs[0] ?? 0;
}

/** A file's text (UTF-8); undefined if nothing is there. Throws `SystemError`. */
export function readTextFile(path: string): string | undefined {
  const descriptor = libc.open(pointerTo(cString(path)), O_RDONLY | O_CLOEXEC, 0);
  if (descriptor < 0) {
    const error = systemError("open", path);
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    return readText(descriptor, path);
  } finally {
    closeFile(descriptor);
  }
}

function readText(descriptor: number, path: string): string {
  const chunk = Buffer.allocUnsafe(16_384);
  let text = "";
  const decoder = new TextDecoder();
  for (;;) {
    const count = readInto(descriptor, chunk, path);
    if (count === 0) return text + decoder.decode();
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
}

/** Reads what is there into a buffer; 0 at the end. Throws `SystemError`, `EAGAIN` where nothing is there yet. */
export function readInto(descriptor: number, buffer: Uint8Array, name: string): number {
  for (;;) {
    const count = Number(libc.read(descriptor, pointerTo(buffer), buffer.length));
    if (count >= 0) return count;
    const error = systemError("read", name);
    if (error.code !== "EINTR") throw error;
  }
}

/** Writes bytes and returns how many were taken. Throws `SystemError`. */
export function writeFrom(descriptor: number, bytes: Uint8Array, name: string): number {
  for (;;) {
    const count = Number(libc.write(descriptor, pointerTo(bytes), bytes.length));
    if (count >= 0) return count;
    const error = systemError("write to", name);
    if (error.code !== "EINTR") throw error;
  }
}

/** Opens a file or folder to read, or to be locked. Throws `SystemError`. */
export function openToRead(path: string): number {
  return open(path, O_RDONLY, 0);
}

/**
 * Opens a file to append, made if it is missing. Never blocks: a named pipe that nobody reads is `ENXIO`. Throws
 * `SystemError`.
 */
export function openToAppend(path: string, mode: number): number {
  return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, mode);
}

function open(path: string, flags: number, mode: number): number {
  const descriptor = libc.open(pointerTo(cString(path)), flags | O_CLOEXEC, mode);
  if (descriptor < 0) throw systemError("open", path);
  return descriptor;
}

/** Closes a descriptor. */
export function closeFile(descriptor: number): void {
  libc.close(descriptor);
}

/** The folder in which a path lies. */
export function parentFolder(path: string): string {
  const end = path.replace(/\/+$/, "").lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}
