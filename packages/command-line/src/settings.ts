/**
 * One resolved configuration out of five places: flag > environment > config file > preset > default.
 * Keys are the flags' names in camelCase; a key that no flag has is an error that names the nearest one.
 */
import { existsSync, readFileSync } from "node:fs";
import { DifftapError, nearest } from "@difftap/core";
import { parse } from "yaml";
import type { z } from "zod";

export interface SettingsSources<S extends z.ZodObject> {
  readonly schema: S;
  /** What the command line gave; undefined values count as not given. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** YAML file of the user. */
  readonly configFile?: string | undefined;
  /** YAML file of ours. */
  readonly presetFile?: string | undefined;
}

/**
 * Merges and validates the settings.
 * @throws DifftapError CONFIG_INVALID naming the source, the key and the value; FILE_MISSING for a missing config file.
 */
export function resolveSettings<S extends z.ZodObject>(sources: SettingsSources<S>): z.output<S> {
  const keys = Object.keys(sources.schema.shape);
  const merged = {
    ...readYaml(sources.presetFile, keys),
    ...readYaml(sources.configFile, keys),
    ...fromEnvironment(sources.environment ?? {}, keys),
    ...Object.fromEntries(Object.entries(sources.flags).filter(([, value]) => value !== undefined)),
  };
  const result = sources.schema.safeParse(merged);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = issue?.path.join(".") ?? "";
  throw new DifftapError(
    "CONFIG_INVALID",
    `${flagOf(key)}: ${issue?.message ?? "invalid"}${givenValue(merged, key)}`,
    {
      hint:
        key in merged
          ? `see --help for what ${flagOf(key)} takes`
          : `give ${flagOf(key)} or put "${key}" into the --config file`,
      details: { issues: result.error.issues },
    },
  );
}

/** `trainCount` is typed `--train-count`. */
export const flagOf = (key: string) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function givenValue(merged: Readonly<Record<string, unknown>>, key: string): string {
  return key in merged ? `, got ${JSON.stringify(merged[key])}` : "";
}

/** DIFFTAP_WEIGHTS sets `weights`, DIFFTAP_TRAIN_COUNT sets `trainCount`. */
function fromEnvironment(environment: Readonly<Record<string, string | undefined>>, keys: readonly string[]) {
  const pairs = keys.map(
    (key) =>
      [key, environment[`DIFFTAP_${flagOf(key).slice(2).replaceAll("-", "_").toUpperCase()}`]] as const,
  );
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

function readYaml(path: string | undefined, keys: readonly string[]): Record<string, unknown> {
  if (path === undefined) return {};
  if (!existsSync(path))
    throw new DifftapError("FILE_MISSING", `configuration ${path} does not exist`, { details: { path } });
  const value = parseYaml(path);
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new DifftapError("CONFIG_INVALID", `${path} has to be a mapping of settings`, {
      details: { path },
    });
  }
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    throw new DifftapError("CONFIG_INVALID", `${path} has the unknown setting "${key}"`, {
      hint: `did you mean "${nearest(key, keys)}"? known: ${keys.join(", ")}`,
      details: { path, key },
    });
  }
  return value as Record<string, unknown>;
}

function parseYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `${path} is not valid YAML: ${(cause as Error).message}`, {
      cause,
    });
  }
}
