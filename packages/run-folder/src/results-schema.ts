/**
 * What `results.json` may hold. Accuracies are in per cent, intervals are 95 % intervals in the same unit,
 * and no number comes without its protocol, split, n and seeds.
 *
 * ```ts
 * import { resultsSchema } from "@difftap/run-folder";
 *
 * const results = resultsSchema.parse(JSON.parse(text));
 * ```
 */
import { z } from "zod";
import { analysisSchema } from "./analysis-schema.js";
import { attentionSchema } from "./attention-schema.js";
import { confusionSchema, examplesSchema, perClassSchema } from "./classes-schema.js";
import { closedObject } from "./closed-object.js";
import { tapSharesSchema, tapWeightsSchema } from "./contributions-schema.js";
import { curveSchema } from "./curve.js";
import { detectorSchema } from "./detection-schema.js";
import { gridSchema } from "./grid-schema.js";
import { brokenLinks } from "./head-links.js";
import { headSchema } from "./heads-schema.js";
import { count, interval, namedApart, seeds, text, timestep, withinInterval } from "./parts.js";
import { samplesSchema } from "./samples-schema.js";
import { segmenterSchema } from "./segmentation-schema.js";
import { suiteSchema } from "./suite-schema.js";

/** The version written into every `results.json`. */
export const RESULTS_SCHEMA = "difftap.results/1";

/** One measured number. `name` says what was measured when it is not the run's own model, e.g. "raw pixels". */
export const resultSchema = withinInterval(
  closedObject({
    metric: text,
    value: z.number(),
    unit: z.string().default("%"),
    interval,
    n: count,
    protocol: text,
    split: text,
    seeds,
    name: text.optional(),
    tap: closedObject({
      block: z.int().positive(),
      timestep,
      pool: z.union([z.int().positive(), z.literal("map")]),
    }).optional(),
  }),
);

/** A number from elsewhere to stand beside the run's own. */
const referenceSchema = closedObject({
  name: text,
  metric: text,
  value: z.number(),
  unit: z.string().default("%"),
  protocol: text,
  source: text,
});

/**
 * The whole of `results.json`. `protocol`, `split` and `seeds` are those of the confusion matrix, the classes and the examples.
 * `results` need not repeat what `grid`, `heads`, `detection`, `segmentation` and `suite` say.
 */
export const resultsSchema = closedObject({
  schema: z.literal(RESULTS_SCHEMA),
  kind: z.enum([
    "grid",
    "probe",
    "knn",
    "head",
    "detection",
    "segmentation",
    "samples",
    "pretraining",
    "suite",
    "analysis",
  ]),
  title: text,
  created: z.iso.datetime().optional(),
  protocol: text,
  split: text,
  seeds,
  dataset: closedObject({
    name: text,
    train: z.int().nonnegative(),
    test: z.int().nonnegative(),
    classes: z.array(z.string()).nullable(),
    digest: text.optional(),
  }),
  model: closedObject({
    name: text,
    architecture: text,
    weightsDigest: text,
    parameters: z.int().positive().optional(),
  }),
  results: z.array(resultSchema),
  grid: gridSchema.optional(),
  heads: namedApart(headSchema, "head").optional(),
  attention: z.array(attentionSchema).optional(),
  tapWeights: z.array(tapWeightsSchema).optional(),
  tapShares: z.array(tapSharesSchema).optional(),
  /** The run's own model, then what it stands beside: random weights, raw pixels. */
  detection: namedApart(detectorSchema, "model").optional(),
  segmentation: namedApart(segmenterSchema, "model").optional(),
  confusion: confusionSchema.optional(),
  perClass: z.array(perClassSchema).optional(),
  curves: z.array(curveSchema).optional(),
  examples: examplesSchema.optional(),
  analysis: analysisSchema.optional(),
  samples: samplesSchema.optional(),
  suite: suiteSchema.optional(),
  reference: z.array(referenceSchema).optional(),
  command: text.optional(),
  notes: z.array(text).optional(),
  durationSeconds: z.number().nonnegative(),
  images: z.int().nonnegative(),
}).superRefine((results, context) => {
  for (const link of brokenLinks(results)) context.addIssue({ code: "custom", ...link, input: results });
});

export type Results = z.output<typeof resultsSchema>;
/** What a program writes: units may be left out, they are per cent then. */
export type ResultsInput = z.input<typeof resultsSchema>;
export type RunResult = z.output<typeof resultSchema>;
export type Reference = z.output<typeof referenceSchema>;
