/** PyTorch and TensorBoard as judges, where a Python with both is given. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const python = process.env.DIFFTAP_PYTHON ?? resolve(import.meta.dirname, "../../../.cache/judge/bin/python");

export const judgeIsMissing = !existsSync(python);

/** For the name of what is skipped without one. */
export const judgeNote = judgeIsMissing ? " (skipped: DIFFTAP_PYTHON is not there)" : "";

/** Runs a script that prints JSON; `input` is its standard input as JSON. */
export function judge(script: string, input: unknown): unknown {
  const out = execFileSync(python, ["-c", `import json, sys\ngiven = json.load(sys.stdin)\n${script}`], {
    input: JSON.stringify(input),
    encoding: "utf8",
    timeout: 150_000,
  });
  return JSON.parse(out.trim().split("\n").at(-1)!);
}
