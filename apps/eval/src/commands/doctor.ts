/** `difftap-eval doctor`: which engines run here, on what, how fast, and what keeps the others away. */
import { type CommandSpec, option, textTable } from "@difftap/command-line";
import type { FoundEngine, MissingEngine } from "@difftap/engine";
import { z } from "zod";

const options = {
  from: option(
    "<folder>",
    "project whose node_modules may hold @tensorflow/tfjs-node or -gpu (default: the current folder)",
    z.string().min(1).optional(),
  ),
};

export const doctor: CommandSpec<typeof options> = {
  name: "doctor",
  about: "Starts every engine, measures it for a second, and says what keeps the others from running",
  example: "difftap-eval doctor",
  options,
  run: async ({ from }, { terminal, json }) => {
    // Loaded here: no other command needs TensorFlow.js.
    const { surveyEngines } = await import("@difftap/engine");
    const engines = await surveyEngines(from === undefined ? {} : { from });
    const auto = engines.find(({ found }) => found)?.name ?? null;
    const report = { node: process.versions.node, auto, engines };
    terminal.data(json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
  },
};

interface Report {
  readonly node: string;
  /** What `auto` takes here. */
  readonly auto: string | null;
  readonly engines: readonly (FoundEngine | MissingEngine)[];
}

function textOf({ node, auto, engines }: Report): string {
  const table = textTable(["engine", "found", "version", "GFLOP/s", "device"], engines.map(cellsOf));
  const missing = engines.filter((engine) => !engine.found);
  const advice = missing.map(({ name, reason, remedy }) => `${name}: ${reason}\n  → ${remedy}\n`);
  return `${table}\nNode ${node}; "auto" takes ${auto ?? "none"}\n${advice.join("")}`;
}

function cellsOf(engine: FoundEngine | MissingEngine): string[] {
  if (!engine.found) return [engine.name, "no"];
  const { name, version, gigaflops, device } = engine;
  return [name, "yes", version, gigaflops.toFixed(1), device];
}
