/** `difftap-eval sample`: the model as a generator. */
import { join } from "node:path";
import type { OnnxBackbone } from "@difftap/backbone-onnx";
import type { CommandContext, CommandSpec } from "@difftap/command-line";
import { writeFileAtomic } from "@difftap/core";
import { writeResults } from "@difftap/run-folder";
import { drawSamples } from "../compose/draw-samples.js";
import { type Guide, withGuide } from "../compose/guide.js";
import { startRun } from "../compose/run.js";
import { withRuntime } from "../compose/runtime.js";
import { checkTappable, measureDistances } from "../compose/sample-distances.js";
import { sampleGrid } from "../compose/sample-grid.js";
import { type SampleSettings, sampleOptions } from "../compose/sample-options.js";
import { planSamples } from "../compose/sample-plan.js";
import { printSamples, type SampleOutcome, sampleResults } from "../compose/sample-report.js";

export const sample: CommandSpec<typeof sampleOptions> = {
  name: "sample",
  about:
    "Draws images from noise into a folder and a grid; the same command again continues where it stopped",
  example: "difftap-eval sample --count 64 --steps ddim50 --seed 1 --out runs/samples",
  presets: new URL("../presets/sample/", import.meta.url),
  options: sampleOptions,
  run: (settings, context) =>
    withRuntime({ ...settings, fullOutput: true }, async (runtime, model) => {
      checkTappable({ runtime, settings });
      const size = settings.size ?? model.architecture.imageSize;
      await withGuide(settings, model, size, (guide) =>
        drawAndMeasure({ settings, context, runtime, modelName: model.name, guide }),
      );
    }),
};

interface Session {
  readonly settings: SampleSettings;
  readonly context: CommandContext;
  readonly runtime: OnnxBackbone;
  readonly modelName: string;
  readonly guide: Guide | undefined;
}

async function drawAndMeasure(session: Session): Promise<void> {
  const { settings, context, runtime, guide } = session;
  const plan = planSamples(settings, runtime.architecture, guide);
  await startRun(settings.out, settings, runtime.name);
  const drawn = await drawSamples({ runtime, plan, guide, out: settings.out }, context);
  const grid = await sampleGrid(settings.out, plan.count, plan.size);
  await writeFileAtomic(join(settings.out, "samples.png"), grid.png);
  const distances =
    settings.reference === undefined
      ? undefined
      : await measureDistances({ ...session, size: plan.size }, settings.reference, context);
  const outcome: SampleOutcome = { ...session, plan, drawn, grid, distances };
  await writeResults(settings.out, sampleResults(outcome, context.commandLine));
  printSamples(outcome, context);
}
