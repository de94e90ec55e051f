/** pycocotools as judge, where a Python with it is given. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const python = process.env.DIFFTAP_PYTHON ?? resolve(import.meta.dirname, "../../../.cache/judge/bin/python");

export const judgeIsMissing = !existsSync(python);

/** For the name of what is skipped without one. */
export const judgeNote = judgeIsMissing ? " (skipped: DIFFTAP_PYTHON is not there)" : "";

/** Runs a script that prints JSON in its last line; `given` is its standard input, read as JSON. */
export function judge(script: string, given: unknown): unknown {
  const out = execFileSync(python, ["-c", `import json, sys\ngiven = json.load(sys.stdin)\n${script}`], {
    input: JSON.stringify(given),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(out.trim().split("\n").at(-1)!);
}
