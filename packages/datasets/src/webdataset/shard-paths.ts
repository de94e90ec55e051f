/** From a shard pattern to paths: `{000000..000004}`, `{train,test}`, `*`, `?` and `[…]`, in any mixture. */
import { DifftapError } from "@difftap/core";
import { glob } from "tinyglobby";
import { MAX_SHARDS } from "../limits.js";

/**
 * The shards a pattern names, ranges and lists in the order written, wildcards sorted.
 * @throws DifftapError FILE_MISSING when a wildcard matches nothing; CONFIG_INVALID for a range that is too long.
 */
export async function shardPaths(pattern: string): Promise<string[]> {
  const paths: string[] = [];
  for (const alternative of expandBraces(pattern)) paths.push(...(await expandWildcards(alternative)));
  return paths;
}

/** All strings a brace pattern stands for. Numeric ranges keep leading zeros; braces without `..` or `,` stay as they are. */
export function expandBraces(pattern: string): string[] {
  let expanded = [""];
  let rest = pattern;
  for (let match = braces.exec(rest); match !== null; match = braces.exec(rest)) {
    const [whole, inner = ""] = match;
    const before = rest.slice(0, match.index);
    const choices = alternatives(inner, pattern);
    if (expanded.length * choices.length > MAX_SHARDS) throw tooMany(pattern);
    expanded = expanded.flatMap((start) => choices.map((choice) => start + before + choice));
    rest = rest.slice(match.index + whole.length);
  }
  return expanded.map((start) => start + rest);
}

const braces = /\{([^{}]*(?:\.\.|,)[^{}]*)\}/;

function alternatives(inner: string, pattern: string): string[] {
  const range = /^(\d{1,15})\.\.(\d{1,15})$/.exec(inner);
  if (range === null) return inner.split(",");
  const [, first = "", last = ""] = range;
  const count = Number(last) - Number(first) + 1;
  if (count < 1) {
    throw new DifftapError("CONFIG_INVALID", `the range {${inner}} in ${pattern} runs backwards`, {
      hint: "write the smaller number first",
    });
  }
  if (count > MAX_SHARDS) throw tooMany(pattern);
  return Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, "0"));
}

async function expandWildcards(path: string): Promise<string[]> {
  if (!/[*?[]/.test(path)) return [path];
  const matches = await glob(path, {
    absolute: path.startsWith("/"),
    onlyFiles: true,
    expandDirectories: false,
    followSymbolicLinks: false,
  });
  if (matches.length > 0) return matches.sort();
  throw new DifftapError("FILE_MISSING", `no file matches ${path}`, {
    hint: "check the pattern; quote it so that the shell leaves it alone",
  });
}

function tooMany(pattern: string): DifftapError {
  return new DifftapError("CONFIG_INVALID", `${pattern} names more than ${MAX_SHARDS} shards`);
}
