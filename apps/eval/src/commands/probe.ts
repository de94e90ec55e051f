/** `difftap-eval probe`: a solved linear probe on stored features; L2 as given or chosen on held-out training images. */
import {
  type CommandContext,
  type CommandSpec,
  finiteNumber,
  flag,
  option,
  type SettingsOf,
  textTable,
  wholeNumber,
} from "@difftap/command-line";
import { confusionMatrix, perClassAccuracy, sweepL2 } from "@difftap/metrics";
import { balancedHoldOut } from "../compose/hold-out.js";
import type { LabelledFeatures } from "../compose/labelled.js";
import { type ProbeDetail, probeCell } from "../compose/probing.js";
import { readPair, storeOptions } from "../compose/stored.js";

const options = {
  ...storeOptions,
  l2: option("<number>", "strength of the L2 term", finiteNumber(0).default(0.003)),
  sweep: flag("choose the L2 term on a tenth of the training images, class-balanced"),
  seed: option("<n>", "seed of that split", wholeNumber().default(1)),
  perClass: flag("print the accuracy of every class as well"),
};

type Settings = SettingsOf<typeof options>;

export const probe: CommandSpec<typeof options> = {
  name: "probe",
  about: "Solves a linear probe on one array of stored features and measures it",
  example: "difftap-eval probe --train train.zarr --test test.zarr --array t50/b09 --sweep",
  options,
  run: async (settings, context) => {
    const { train, test, array, classes } = await readPair(settings, context);
    const l2 = settings.sweep ? await chooseL2(train, classes, settings, context) : settings.l2;
    const detail = await probeCell({ train, test, classes, l2 }, context);
    print({ settings, context, array, l2, detail, test, classes });
  },
};

async function chooseL2(
  train: LabelledFeatures,
  classes: number,
  { seed }: Settings,
  context: CommandContext,
): Promise<number> {
  const { fit, validation } = balancedHoldOut(train, seed);
  const sweep = await sweepL2({
    features: fit.features,
    labels: fit.labels,
    classes,
    validation,
    signal: context.signal,
  });
  const rows = sweep.points.map(({ l2, accuracy }) => [String(l2), (100 * accuracy).toFixed(2)]);
  context.terminal.note(textTable(["L2", "validation top-1, %"], rows).trimEnd());
  return sweep.best.l2;
}

interface Outcome {
  readonly settings: Settings;
  readonly context: CommandContext;
  readonly array: string;
  readonly l2: number;
  readonly detail: ProbeDetail;
  readonly test: LabelledFeatures;
  readonly classes: number;
}

function print({ settings, context, array, l2, detail, test, classes }: Outcome): void {
  const { top1, top5, interval, trainTop1, n, iterations } = detail;
  const [low, high] = interval;
  const confusion = confusionMatrix(test.labels, detail.predicted, classes);
  const protocol = `solved linear probe, L2 ${l2}${settings.sweep ? " chosen on held-out training images" : ""}`;
  if (context.json) {
    const result = {
      array,
      protocol,
      split: "test",
      seeds: [settings.seed],
      n,
      top1,
      top5,
      interval,
      trainTop1,
      iterations,
      confusion,
    };
    context.terminal.data(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  const fifth = top5 === null ? "" : `, top-5 ${top5.toFixed(2)} %`;
  context.terminal.data(
    `${array}: top-1 ${top1.toFixed(2)} % (95 % interval ${low.toFixed(2)}–${high.toFixed(2)}, n = ${n})${fifth}; training images ${trainTop1.toFixed(2)} %\n${protocol}, seed ${settings.seed}, test split\n`,
  );
  if (!settings.perClass) return;
  const rows = perClassAccuracy(confusion).map(({ label, n: count, accuracy }) => [
    String(label),
    String(count),
    accuracy === null ? "" : (100 * accuracy).toFixed(1),
  ]);
  context.terminal.data(`\n${textTable(["class", "n", "top-1, %"], rows)}`);
}
