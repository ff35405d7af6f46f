/** The few things that a plugin call does with files: look, read, append. All synchronous. */
import {
  fixedBuffer,
  pathPointerTo,
  pointerTo,
  systemCall,
  systemError,
  wasMissing,
} from "./system-call.ts";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;

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
  /** Permissions, with the bits of set-id and sticky. */
  readonly mode: number;
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

/** struct statx of linux/stat.h, which is the same on every machine. */
const statx = fixedBuffer(256);
const statxView = new DataView(statx.bytes.buffer);

function statAt(folder: number, path: string, flags: number): FileStatus | undefined {
  if (
    systemCall("statx", folder, pathPointerTo(path), flags, STATX_BASIC_STATS, statx.pointer) < 0
  ) {
    if (wasMissing()) return undefined;
    throw systemError("look at", path);
  }
  const device = `${statxView.getUint32(0x88, true)}:${statxView.getUint32(0x8c, true)}`;
  return {
    kind: kinds[statxView.getUint16(0x1c, true) & 0o170000] ?? "other",
    identity: `${device}:${statxView.getBigUint64(0x20, true)}`,
    userId: statxView.getUint32(0x14, true),
    mode: statxView.getUint16(0x1c, true) & 0o7777,
    sizeBytes: Number(statxView.getBigUint64(0x28, true)),
  };
}

const statfs = fixedBuffer(256);
const statfsView = new DataView(statfs.bytes.buffer);

/** The magic number of the file system on which a file is (statfs(2)). Throws `SystemError`. */
export function fileSystemOf(path: string): number {
  if (systemCall("statfs", pathPointerTo(path), statfs.pointer) < 0)
    throw systemError("look at", path);
  return statfsView.getInt32(0, true);
}

/** A file's text (UTF-8); undefined if nothing is there. Throws `SystemError`. */
export function readTextFile(path: string): string | undefined {
  const descriptor = systemCall(
    "openat",
    AT_FDCWD,
    pathPointerTo(path),
    O_RDONLY | O_NONBLOCK | O_CLOEXEC,
  );
  if (descriptor < 0) {
    if (wasMissing()) return undefined;
    throw systemError("open", path);
  }
  try {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const bytes = readSome(descriptor, path);
      text += decoder.decode(bytes, { stream: true });
      // Of a file, less than was asked for is the rest.
      if (bytes.length < chunk.bytes.length) return text + decoder.decode();
    }
  } finally {
    closeFile(descriptor);
  }
}

const chunk = fixedBuffer(65_536);

/**
 * Reads what is there, at most 64 KiB; nothing at the end. Valid until the next read. Throws `SystemError`, `EAGAIN`
 * where nothing is there yet.
 */
export function readSome(descriptor: number, name: string): Uint8Array {
  for (;;) {
    const count = systemCall("read", descriptor, chunk.pointer, chunk.bytes.length);
    if (count >= 0) return chunk.bytes.subarray(0, count);
    const error = systemError("read", name);
    if (error.code !== "EINTR") throw error;
  }
}

/** Writes bytes and returns how many were taken. Throws `SystemError`. */
export function writeSome(descriptor: number, bytes: Uint8Array, name: string): number {
  for (;;) {
    const count = systemCall("write", descriptor, pointerTo(bytes), bytes.length);
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
  const descriptor = systemCall("openat", AT_FDCWD, pathPointerTo(path), flags | O_CLOEXEC, mode);
  if (descriptor < 0) throw systemError("open", path);
  return descriptor;
}

/** Closes a descriptor. */
export function closeFile(descriptor: number): void {
  systemCall("close", descriptor);
}

/** The folder in which a path lies. */
export function parentFolder(path: string): string {
  const end = path.replace(/\/+$/, "").lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}
