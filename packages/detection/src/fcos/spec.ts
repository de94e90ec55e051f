/** What an FCOS detector is made of: a spec with published defaults. */
import { z } from "zod";
import type { NeckDefinition } from "../necks/definition.js";
import { neckChoice } from "../necks/registry.js";

const assignment = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("centre"),
    /** Locations learn objects whose centre is nearer than this, in strides. */
    radius: z.number().positive().default(1.5),
  }),
  z.strictObject({
    kind: z.literal("atss"),
    /** Locations per level that an object's are chosen from. */
    candidates: z.int().positive().default(9),
  }),
]);

const masks = z.strictObject({
  /** Convolutions before the mask features. */
  layers: z.int().nonnegative().default(4),
  /** Of the mask features, and of every object's own layers. */
  channels: z.int().positive().default(8),
  /** How much finer than the finest level masks are. */
  upsample: z.int().positive().default(2),
  /** Locations per image that masks are learnt at. */
  samples: z.int().positive().default(32),
});

/** @param necks that it may choose from */
export function fcosSpec(necks: readonly NeckDefinition[]) {
  return z.strictObject({
    neck: neckChoice(necks),
    /** Convolutions of each tower. */
    layers: z.int().nonnegative().default(4),
    /** Of the towers' norms; divides the neck's width. */
    groups: z.int().positive().default(32),
    assignment: assignment.prefault({ kind: "centre" }),
    /** Largest distance a level regresses, and the side of ATSS's anchors, in strides: 8 as published; null: what fits the image. */
    reach: z.number().positive().nullable().default(null),
    /** What ranks boxes beside their class: how central the location is, or how well the box fits. */
    quality: z.enum(["centreness", "iou"]).default("centreness"),
    focal: z
      .strictObject({
        alpha: z.number().min(0).max(1).default(0.25),
        gamma: z.number().min(0).default(2),
      })
      .prefault({}),
    /** Probability of every class that training begins with. */
    prior: z.number().gt(0).lt(1).default(0.01),
    /** Null: boxes only. */
    masks: masks.nullable().default(null),
  });
}

export type FcosSpec = z.output<ReturnType<typeof fcosSpec>>;
