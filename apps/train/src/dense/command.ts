/** What `detect` and `segment` do alike: images and network are opened, every seed is trained, what came of it is reported. */
import { type CommandContext, describeEnvironment } from "@difftap/command-line";
import type { ImageDataset, ViewBatch } from "@difftap/datasets";
import { selectEngine } from "@difftap/engine";
import { firstImages, type Selection } from "@difftap/eval";
import { createRunFolder } from "@difftap/run-folder";
import { eachSeed } from "../each-seed.js";
import type { Adapter } from "./model.js";
import { withNetwork } from "./open-backbone.js";
import type { DenseReport } from "./results.js";
import { type DenseTask, trainSeed } from "./run.js";
import { type DenseSettings, denseRecipe } from "./settings.js";

export interface DenseCommand<D extends ImageDataset, A extends Adapter, Batch extends ViewBatch, Score> {
  open(spec: string): Promise<D>;
  task(train: Selection<D>, test: Selection<D>): DenseTask<A, Batch, Score>;
  classNames(dataset: D): readonly string[];
  /** Of an adapter's description: what tables call it, and its settings. */
  named(description: A["description"]): DenseReport<Score>["adapter"];
  report(report: DenseReport<Score, D>): Promise<void>;
}

type Settings = DenseSettings & { readonly train: string; readonly test: string };

export async function trainDense<D extends ImageDataset, A extends Adapter, Batch extends ViewBatch, Score>(
  command: DenseCommand<D, A, Batch, Score>,
  settings: Settings,
  context: CommandContext,
): Promise<void> {
  denseRecipe(settings, 0);
  const engine = await selectEngine(settings.engine, { arena: !settings.recompute });
  context.terminal.note(`engine ${engine.name} ${engine.version} on ${engine.device}: ${engine.reason}`);
  const train = firstImages(await command.open(settings.train), settings.trainCount);
  const test = firstImages(await command.open(settings.test), settings.testCount);
  try {
    await withNetwork(settings, async (network) => {
      const job = { task: command.task(train, test), settings, context, network };
      await createRunFolder(settings.out, {
        config: settings,
        environment: { ...describeEnvironment({ tfjs: engine.version }), engine: engine.name },
      });
      const trained = await eachSeed(settings.seeds, (seed) => trainSeed(job, seed));
      const adapter = command.named(trained.seeds[0]!.description as A["description"]);
      const classNames = command.classNames(train.dataset);
      const about = { settings, context, network, engine: engine.name, train, test, classNames, adapter };
      await command.report({ ...about, ...trained });
    });
  } finally {
    await Promise.all([train.dataset.close?.(), test.dataset.close?.()]);
  }
}
