/** What features are like: every part that an analysis may have. Accuracies, purities and points found are in per cent. */
import { z } from "zod";
import { choiceSchema, fusionSchema } from "./analysis-choice.js";
import { componentsSchema, correspondenceSchema, neighboursSchema } from "./analysis-pictures.js";
import { matrixSchema, surfaceSchema } from "./analysis-surfaces.js";
import { attentionSchema } from "./attention-schema.js";
import { closedObject } from "./closed-object.js";

export const analysisSchema = closedObject({
  /** How alike representations are: taps, heads, models. */
  cka: z.array(matrixSchema).optional(),
  components: componentsSchema.optional(),
  /** Where heads look; these need no rows in `heads`. */
  attention: z.array(attentionSchema).optional(),
  neighbours: neighboursSchema.optional(),
  correspondence: correspondenceSchema.optional(),
  /** Alignment of two views, uniformity. */
  sphere: z.array(surfaceSchema).optional(),
  /** What draws of noise change. */
  draws: z.array(surfaceSchema).optional(),
  choice: choiceSchema.optional(),
  /** Before and after, head by head. */
  fusion: z.array(fusionSchema).optional(),
});

export type Analysis = z.output<typeof analysisSchema>;
