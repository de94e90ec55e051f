/**
 * Where a command writes: data on standard output, everything else on standard error.
 *
 * ```ts
 * import { processTerminal } from "@difftap/command-line";
 *
 * const terminal = processTerminal();
 * terminal.note("reading 12,000 images");
 * terminal.data("top-1 57.7 %\n");
 * ```
 */
import { createColors } from "picocolors";

export interface Terminal {
  /** Results, for people or for the next program in a pipe. */
  data(text: string): void;
  /** Everything a person may want to know while waiting; one line. */
  note(line: string): void;
  /** True when progress may redraw its line. */
  readonly interactive: boolean;
  readonly colors: ReturnType<typeof createColors>;
}

/** The terminal of this process. Colours only on a TTY and never under NO_COLOR. */
export function processTerminal(): Terminal {
  const interactive = process.stderr.isTTY === true && process.env.CI === undefined;
  return {
    data: (text) => void process.stdout.write(text),
    note: (line) => void process.stderr.write(`${line}\n`),
    interactive,
    colors: createColors(interactive && process.env.NO_COLOR === undefined),
  };
}

/** A terminal that keeps what was written, for tests and for programs that run commands in-process. */
export function memoryTerminal(): Terminal & { readonly written: { data: string; notes: string[] } } {
  const written = { data: "", notes: [] as string[] };
  return {
    written,
    data: (text) => {
      written.data += text;
    },
    note: (line) => void written.notes.push(line),
    interactive: false,
    colors: createColors(false),
  };
}
