/** Ctrl-C once: the step under way is finished and saved, exit 130. Twice: stop at once. */
import type { Terminal } from "./terminal.js";

/** Runs `work` with a signal that SIGINT and SIGTERM fire. Restores the handlers afterwards. */
export async function withInterrupt<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    terminal.note(`${name}: finishing what is under way and saving; once more stops at once`);
    controller.abort(name);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
