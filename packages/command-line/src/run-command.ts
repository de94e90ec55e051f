/** Turns a commander program into a process: unknown options are errors, every DifftapError gives its exit code. */
import { isDifftapError } from "@difftap/core";
import { type Command, CommanderError } from "commander";
import type { Terminal } from "./terminal.js";

/**
 * Parses `argv` (without node and script), runs the command, prints errors.
 * @returns the exit code: 0 done, 1 failed, 2 wrong use, 3 data refused, 130 interrupted.
 */
export async function runCommand(
  program: Command,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  prepare(program, terminal);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(error, terminal);
    return isDifftapError(error) ? error.exitCode : 1;
  }
}

function prepare(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: terminal.data, writeErr: (text) => terminal.note(text.trimEnd()) });
  command.showHelpAfterError("(--help shows what there is)").showSuggestionAfterError(true);
  for (const child of command.commands) prepare(child as Command, terminal);
}

function printError(error: unknown, terminal: Terminal): void {
  const { colors, note } = terminal;
  if (!isDifftapError(error)) {
    note(`${colors.red("error")} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return;
  }
  note(`${colors.red("error")} ${error.message} ${colors.dim(`[${error.code}]`)}`);
  if (error.hint !== undefined) note(`${colors.cyan("hint")}  ${error.hint}`);
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    note(colors.dim(`cause ${cause.message}`));
}
