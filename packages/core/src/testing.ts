/**
 * File systems that crash or fail at a chosen call, to prove that a writer leaves the old content or the new, never half.
 *
 * ```ts
 * import { writeFileAtomic } from "@difftap/core";
 * import { crashingFileSystem, everyCall } from "@difftap/core/testing";
 *
 * await everyCall(crashingFileSystem, async ({ fileSystem, expected }) => {
 *   await writeFileAtomic("/tmp/a/b.json", "{}", { fileSystem }).catch(expected);
 *   // Here b.json must be as it was, or "{}".
 * });
 * ```
 */
import { stat, truncate } from "node:fs/promises";
import { type FileSystem, nodeFileSystem, type OpenFile } from "./file-system.js";

/** Names of the calls that a rig counts. Reading is not counted. */
export type FileSystemCall = "mkdir" | "open" | "write" | "sync" | "close" | "rename" | "unlink";

/** A file system under test and what became of it. */
export interface FileSystemRig {
  readonly fileSystem: FileSystem;
  /** The counted calls so far, in order, the struck one included. */
  readonly calls: readonly FileSystemCall[];
  /** True once the chosen call was reached. */
  readonly struck: boolean;
  /** A rejection handler that lets the rig's own effect pass and throws everything else. */
  readonly expected: (error: unknown) => void;
}

/** What a crash looks like from inside: every call after it throws this, for a dead process does nothing more. */
export class SimulatedCrash extends Error {
  override readonly name = "SimulatedCrash";
}

/** Error numbers that a file system may answer with. */
export type FaultCode = "ENOSPC" | "EIO" | "EMFILE" | "EACCES" | "EROFS" | "EDQUOT";

/**
 * A file system whose process dies at its `at`-th call, counted from 1. A write that is struck leaves half its bytes.
 * What the disk keeps depends on `loses`: with "nothing" (the process was killed) all that was written; with "unsynced"
 * (the machine lost power) content that was not synced is cut in half. Default "unsynced", the harder one.
 */
export function crashingFileSystem(at: number, loses: "nothing" | "unsynced" = "unsynced"): FileSystemRig {
  return makeRig(
    at,
    async (call, path, disk) => {
      disk.dead = true;
      await Promise.all([...disk.open].map((file) => file.close()));
      if (loses === "unsynced") await Promise.all([...disk.unsynced].map(cutInHalf));
      throw new SimulatedCrash(`crash at call ${at}: ${call} ${path}`);
    },
    (error) => error instanceof SimulatedCrash,
  );
}

/** A file system whose `at`-th call fails with `code`, all others succeeding. A write that fails has left half its bytes. */
export function failingFileSystem(at: number, code: FaultCode): FileSystemRig {
  return makeRig(
    at,
    async (call, path) => {
      throw Object.assign(new Error(`${code}: injected, ${call} '${path}'`), { code, syscall: call, path });
    },
    (error) => (error as NodeJS.ErrnoException).code === code,
  );
}

/**
 * Runs `trial` with a rig that strikes at call 1, 2, … until a trial ends without having been struck.
 * @returns the number of calls that were struck.
 */
export async function everyCall(
  rigAt: (at: number) => FileSystemRig,
  trial: (rig: FileSystemRig, at: number) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at++) {
    const rig = rigAt(at);
    await trial(rig, at);
    if (!rig.struck) return at - 1;
  }
}

/** What the rig knows of the disk. */
interface Disk {
  readonly unsynced: Set<string>;
  readonly open: Set<OpenFile>;
  dead: boolean;
}

type Strike = (call: FileSystemCall, path: string, disk: Disk) => Promise<never>;
type Perform<T> = () => Promise<T>;
/** Counts a call and performs it, or performs `instead` and strikes. */
type Counted = <T>(
  call: FileSystemCall,
  path: string,
  perform: Perform<T>,
  instead?: Perform<unknown>,
) => Promise<T>;

function makeRig(at: number, strike: Strike, isOwn: (error: unknown) => boolean): FileSystemRig {
  const disk: Disk = { unsynced: new Set(), open: new Set(), dead: false };
  const calls: FileSystemCall[] = [];
  const counted: Counted = async (call, path, perform, instead) => {
    if (disk.dead) throw new SimulatedCrash(`the process is dead: ${call} ${path}`);
    if (calls.push(call) !== at) return perform();
    await instead?.();
    return strike(call, path, disk);
  };
  return {
    calls,
    get struck() {
      return calls.length >= at;
    },
    expected: (error) => {
      if (!causesOf(error).some(isOwn)) throw error;
    },
    fileSystem: watchedFileSystem(disk, counted),
  };
}

function watchedFileSystem(disk: Disk, counted: Counted): FileSystem {
  return {
    mkdir: (path, options) => counted("mkdir", path, () => nodeFileSystem.mkdir(path, options)),
    open: async (path, flags) => {
      const file = await counted("open", path, () => nodeFileSystem.open(path, flags));
      disk.open.add(file);
      return watchedFile(file, path, disk, counted);
    },
    rename: async (from, to) => {
      await counted("rename", to, () => nodeFileSystem.rename(from, to));
      if (disk.unsynced.delete(from)) disk.unsynced.add(to);
    },
    unlink: async (path) => {
      await counted("unlink", path, () => nodeFileSystem.unlink(path));
      disk.unsynced.delete(path);
    },
    readFile: (path) => nodeFileSystem.readFile(path),
  };
}

function watchedFile(file: OpenFile, path: string, disk: Disk, counted: Counted): OpenFile {
  const write = (content: Uint8Array | string) => {
    disk.unsynced.add(path);
    return file.writeFile(content);
  };
  const close = () => {
    disk.open.delete(file);
    return file.close();
  };
  return {
    writeFile: (content) =>
      counted(
        "write",
        path,
        () => write(content),
        () => write(content.slice(0, content.length >> 1)),
      ),
    sync: async () => {
      await counted("sync", path, () => file.sync());
      disk.unsynced.delete(path);
    },
    // The system gives a descriptor back whatever close() answers.
    close: () => counted("close", path, close, close),
  };
}

async function cutInHalf(path: string): Promise<void> {
  await truncate(path, (await stat(path)).size >> 1);
}

/** The error, its cause, that one's cause, … */
function causesOf(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [error];
}
