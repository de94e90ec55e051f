/** One command in a process of its own: what it says goes to a log, what it prints comes back. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { throwIfAborted, writeFailed } from "@difftap/core";

/** Characters of its last words that are kept. */
const KEPT = 8000;

export interface ChildTask {
  /** What Node is started with. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** File that its standard error is added to. */
  readonly log: string;
  readonly signal: AbortSignal;
  /** Hears its last line, as it comes. */
  readonly onLine: (line: string) => void;
}

export interface ChildEnd {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its standard output. */
  readonly printed: string;
  /** The end of its standard error. */
  readonly said: string;
}

/** @throws DifftapError WRITE_FAILED for a log that cannot be written, INTERRUPTED once the child has saved and ended. */
export async function runChild(task: ChildTask): Promise<ChildEnd> {
  const { argv, environment, signal } = task;
  throwIfAborted(signal);
  const child = spawn(process.execPath, argv, {
    env: { ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    // In a group of its own it does not hear the terminal's Ctrl-C: a second one would keep it from saving.
    detached: true,
  });
  const release = tie(child, signal);
  try {
    const [end, printed, said] = await Promise.all([endOf(child), text(child.stdout), logged(child, task)]);
    throwIfAborted(signal);
    return { ...end, printed, said };
  } finally {
    release();
  }
}

/** Hands an interruption on; the child does not outlive this process. */
function tie(child: ChildProcess, signal: AbortSignal): () => void {
  const save = () => child.kill("SIGINT");
  const stop = () => child.kill("SIGKILL");
  signal.addEventListener("abort", save);
  process.once("exit", stop);
  return () => {
    signal.removeEventListener("abort", save);
    process.off("exit", stop);
  };
}

function endOf(child: ChildProcess): Promise<Pick<ChildEnd, "code" | "signal">> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/** Resolves to its last words once all is written. */
async function logged(
  child: ChildProcessByStdio<null, Readable, Readable>,
  { log, onLine }: ChildTask,
): Promise<string> {
  let said = "";
  const listen = async function* (texts: AsyncIterable<string>) {
    for await (const part of texts) {
      said = (said + part).slice(-KEPT);
      onLine(said.trimEnd().split("\n").at(-1)!.trim());
      yield part;
    }
  };
  try {
    await pipeline(child.stderr.setEncoding("utf8"), listen, createWriteStream(log, { flags: "a" }));
    return said;
  } catch (cause) {
    child.kill("SIGKILL");
    throw writeFailed(log, cause);
  }
}
