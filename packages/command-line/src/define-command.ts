/**
 * A command as data: its options are zod values with a line of help each; flags, environment, config file and
 * presets are merged before it runs, and what was resolved is printed.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DifftapError, nearest, type ProgressEvent } from "@difftap/core";
import type { Command } from "commander";
import { stringify } from "yaml";
import { z } from "zod";
import { withInterrupt } from "./interrupt.js";
import { showProgress } from "./progress.js";
import { flagOf, resolveSettings } from "./settings.js";
import type { Terminal } from "./terminal.js";
import { toggle } from "./values.js";

export interface OptionSpec<S extends z.ZodType = z.ZodType> {
  /** What the flag takes, as help shows it: "<path>"; absent for a switch. */
  readonly takes?: string;
  readonly about: string;
  readonly value: S;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type SettingsOf<O extends OptionSpecs> = { [K in keyof O]: z.output<O[K]["value"]> };

export interface CommandContext {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
  /** True when the result is to be JSON. */
  readonly json: boolean;
  /** What a person would type to run this again. */
  readonly commandLine: string;
}

export interface CommandSpec<O extends OptionSpecs> {
  readonly name: string;
  readonly about: string;
  /** Shown first by --help. */
  readonly example: string;
  readonly options: O;
  /** Folder of NAME.yaml files for --preset. */
  readonly presets?: URL;
  run(settings: SettingsOf<O>, context: CommandContext): Promise<void>;
}

/** Joins a flag, its help and its value. */
export const option = <S extends z.ZodType>(takes: string, about: string, value: S): OptionSpec<S> => ({
  takes,
  about,
  value,
});

/** A flag without a value; false unless given. */
export const flag = (about: string) => ({ about, value: toggle().default(false) });

/** Adds a command to a program. Every command also takes --config and --json, and --preset where it has presets. */
export function addCommand<O extends OptionSpecs>(
  program: Command,
  spec: CommandSpec<O>,
  terminal: Terminal,
): void {
  const command = program.command(spec.name).description(spec.about);
  command.addHelpText("before", `Example:\n  ${spec.example}\n`);
  for (const [key, { takes, about, value }] of Object.entries(spec.options)) {
    command.option(`${flagOf(key)}${takes === undefined ? "" : ` ${takes}`}`, `${about}${defaultOf(value)}`);
  }
  command.option("--config <file>", "YAML file with settings; its keys are the flags' names in camelCase");
  if (spec.presets)
    command.option("--preset <name>", `settings under a name: ${presetNames(spec.presets).join(", ")}`);
  command.option("--json", "print the result as JSON");
  command.action((flags: Record<string, unknown>) =>
    execute(spec, flags, terminal, `${program.name()} ${spec.name}`),
  );
}

async function execute<O extends OptionSpecs>(
  spec: CommandSpec<O>,
  given: Record<string, unknown>,
  terminal: Terminal,
  name: string,
): Promise<void> {
  const { config, preset, json, ...flags } = given as { config?: string; preset?: string; json?: boolean };
  const schema = z.object(
    Object.fromEntries(Object.entries(spec.options).map(([key, { value }]) => [key, value])),
  );
  const presetFile = preset === undefined || !spec.presets ? undefined : findPreset(spec.presets, preset);
  const settings = resolveSettings({
    schema,
    flags,
    environment: process.env,
    configFile: config,
    presetFile,
  }) as SettingsOf<O>;
  terminal.note(terminal.colors.dim(stringify({ [spec.name]: settings }, { lineWidth: 0 }).trimEnd()));
  const progress = showProgress(terminal);
  try {
    await withInterrupt(terminal, (signal) =>
      spec.run(settings, {
        terminal,
        signal,
        onProgress: progress.report,
        json: json === true,
        commandLine: [name, ...flagsAsTyped(given)].join(" "),
      }),
    );
  } finally {
    progress.end();
  }
}

function flagsAsTyped(given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(given).flatMap(([key, value]) =>
    value === true ? [flagOf(key)] : [flagOf(key), quoted(String(value))],
  );
}

const quoted = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

function defaultOf(value: z.ZodType): string {
  const result = value.safeParse(undefined);
  if (!result.success || result.data === undefined || result.data === false) return "";
  return ` (default: ${asTyped(result.data)})`;
}

/** A value as a flag would give it. */
function asTyped(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function presetNames(folder: URL): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

function findPreset(folder: URL, name: string): string {
  const path = join(fileURLToPath(folder), `${name}.yaml`);
  if (/^[\w-]+$/.test(name) && existsSync(path)) return path;
  const names = presetNames(folder);
  throw new DifftapError("CONFIG_INVALID", `there is no preset "${name}"`, {
    hint: `did you mean "${nearest(name, names)}"? presets: ${names.join(", ")}`,
  });
}
