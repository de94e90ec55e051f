/** The commands that a suite can run: those of both programs, with the settings that each knows. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryTerminal } from "@difftap/command-line";
import { DifftapError, nearest } from "@difftap/core";
import { evalProgram } from "@difftap/eval";
import type { Command } from "commander";

export interface KnownCommand {
  /** What Node is started with: the program's file and the command's name. */
  readonly argv: readonly [file: string, name: string];
  /** Names of its settings. */
  readonly settings: ReadonlySet<string>;
  readonly takesPreset: boolean;
}

/** By the name that a suite writes: "train head", "eval knn". */
export type KnownCommands = ReadonlyMap<string, KnownCommand>;

/** Flags that are no settings. */
const OTHER_FLAGS = ["config", "preset", "json"];

/** @param train the program that the suite itself belongs to */
export function knownCommands(train: Command): KnownCommands {
  const all = [...commandsOf("train", train), ...commandsOf("eval", evalProgram(memoryTerminal()))];
  return new Map(all.filter(([name]) => !name.endsWith(" suite")));
}

function commandsOf(prefix: "train" | "eval", { commands }: Command): [string, KnownCommand][] {
  const file = programFile(`@difftap/${prefix}`, `difftap-${prefix}`);
  return commands.map((command) => {
    const flags = command.options.map((flag) => flag.attributeName());
    const settings = new Set(flags.filter((flag) => !OTHER_FLAGS.includes(flag)));
    const known = { argv: [file, command.name()] as const, settings, takesPreset: flags.includes("preset") };
    return [`${prefix} ${command.name()}`, known];
  });
}

/** The file behind a program of an installed package, this one included. */
function programFile(name: string, program: string): string {
  const manifest = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: Record<string, string> };
  return join(dirname(manifest), bin[program]!);
}

/** @throws DifftapError CONFIG_INVALID for a command that is not there. */
export function commandNamed(name: string, commands: KnownCommands): KnownCommand {
  const known = commands.get(name);
  if (known !== undefined) return known;
  const names = [...commands.keys()];
  throw new DifftapError("CONFIG_INVALID", `there is no command "${name}" for a suite`, {
    hint: `did you mean "${nearest(name, names)}"? Known: ${names.join(", ")}`,
    details: { command: name },
  });
}
