/** Several heads in one run: each entry is the run's settings with some of its own; all see the same batches. */
import { positiveNumbers, words } from "@difftap/command-line";
import { z } from "zod";
import { nameOrObject, optionalAmount } from "./setting-values.js";

/** How batches come (their size, order, mixup, for how long) is the run's; what a head does with them may be its own. */
const ownSettings = z.strictObject({
  /** What tables call it, where the head's name says too little. */
  title: z.string().min(1).optional(),
  head: z.string().min(1),
  spec: nameOrObject().optional(),
  /** Which of the run's arrays it reads, such as t10/b09; all unless given. */
  arrays: words().optional(),
  optimizer: nameOrObject().optional(),
  learningRate: positiveNumbers().optional(),
  schedule: nameOrObject().optional(),
  warmUp: optionalAmount(),
  clipNorm: optionalAmount(),
  labelSmoothing: optionalAmount(),
  ema: optionalAmount(),
  patience: z.int().positive().optional(),
});

export type ListedHead = z.output<typeof ownSettings>;

/** JSON in a flag, a list in a file. */
export const headList = () => z.preprocess(fromJson, z.array(ownSettings).min(1).superRefine(checkTitles));

/** Tables and checkpoints tell entries apart by what they are called. */
function checkTitles(heads: readonly ListedHead[], context: z.RefinementCtx): void {
  const titles = heads.map(({ title, head }) => title ?? head);
  titles.forEach((title, index) => {
    if (titles.indexOf(title) === index) return;
    context.addIssue({
      code: "custom",
      path: [index, "title"],
      message: `two entries are called ${title}: give each a title of its own`,
    });
  });
}

/** Text as the JSON it holds, where it holds some. */
export function fromJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
