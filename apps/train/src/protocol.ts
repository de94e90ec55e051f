/** How heads were trained, in words, completely enough to do it again. */
import { type Learning, recipeOf } from "./recipe.js";

interface Protocolled extends Learning {
  readonly head: string;
  readonly title?: string | undefined;
  /** Whether all epochs saw the same features of images. */
  readonly keepFeatures?: boolean;
  /** Of stored features: whether they were read as they were needed, or lay in memory. */
  readonly streamed?: boolean | undefined;
}

export function protocolOf(settings: Protocolled, engine: string): string {
  const { optimizer, learningRate: _, schedule, duration, batch, seed: __, ...more } = recipeOf(settings);
  const extra = Object.entries(more).map(([name, value]) => `${spaced(name)} ${inWords(value)}`);
  return [
    `${settings.title ?? settings.head} head`,
    `${inWords(optimizer)}, learning rate ${settings.learningRate.join(" or ")}, ${inWords(schedule)} schedule`,
    inWords(duration),
    `batch ${batch}`,
    ...extra,
    ...(settings.keepFeatures ? ["features computed once"] : []),
    ...(settings.streamed === undefined ? [] : [`features ${settings.streamed ? "streamed" : "in memory"}`]),
    `engine ${engine}`,
  ].join(", ");
}

/** { kind: "sgd", momentum: 0.9 } → "sgd (momentum 0.9)"; { epochs: 7 } → "7 epochs"; [1, 2] → "1 2". */
export function inWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(inWords).join(" ");
  if (typeof value !== "object" || value === null) return String(value);
  const { kind, ...fields } = value as { kind?: string };
  const parts = Object.entries(fields).map(([name, each]) =>
    kind === undefined && typeof each === "number" ? amount(name, each) : `${spaced(name)} ${inWords(each)}`,
  );
  if (kind === undefined) return parts.join(", ");
  return parts.length === 0 ? kind : `${kind} (${parts.join(", ")})`;
}

/** Durations come number first, other settings name first. */
function amount(name: string, value: number): string {
  return ["epochs", "steps", "examples"].includes(name) ? `${value} ${name}` : `${spaced(name)} ${value}`;
}

/** labelSmoothing → label smoothing. */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
