/** The calls that writers make to the operating system, as an argument: tests hand in one that crashes or is full. */
import { mkdir, open, readFile, rename, unlink } from "node:fs/promises";

export interface OpenFile {
  writeFile(content: Uint8Array | string): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  open(path: string, flags: "r" | "w" | "wx" | "a"): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readFile(path: string): Promise<Uint8Array>;
}

/** The real one. */
export const nodeFileSystem: FileSystem = { open, rename, unlink, mkdir, readFile: (path) => readFile(path) };
