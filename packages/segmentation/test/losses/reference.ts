/** Losses and matching in float64, pixel by pixel and pair by pair, from the papers' formulas. */

/** What is predicted and what is shown, as nested arrays. */
export interface Sample {
  /** [queries][classes + 1] */
  readonly classLogits: readonly (readonly number[])[];
  /** [queries][row][column] */
  readonly maskLogits: readonly (readonly (readonly number[])[])[];
  /** [row][column] */
  readonly labels: readonly (readonly number[])[];
}

export interface Weights {
  readonly maskLoss: "focal" | "bce";
  readonly classWeight: number;
  readonly maskWeight: number;
  readonly diceWeight: number;
  readonly noObjectWeight: number;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export function softmax64(logits: readonly number[]): number[] {
  const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  return powers.map((power) => power / sum(powers));
}

export function pixelLoss64(kind: Weights["maskLoss"], logit: number, inside: boolean): number {
  const p = 1 / (1 + Math.exp(-logit));
  const right = inside ? p : 1 - p;
  if (kind === "bce") return -Math.log(right);
  return -(inside ? 0.25 : 0.75) * (1 - right) ** 2 * Math.log(right);
}

/** Pixels that count, as pairs of a logit and whether the label is the class. */
function pixels(
  logits: Sample["maskLogits"][number],
  labels: Sample["labels"],
  label: number,
  ignore: number,
) {
  return labels.flatMap((row, y) =>
    row.flatMap((value, x) => (value === ignore ? [] : [{ logit: logits[y]![x]!, inside: value === label }])),
  );
}

function meanPixelLoss64(kind: Weights["maskLoss"], seen: ReturnType<typeof pixels>): number {
  return sum(seen.map(({ logit, inside }) => pixelLoss64(kind, logit, inside))) / Math.max(seen.length, 1);
}

function dice64(seen: ReturnType<typeof pixels>): number {
  const probabilities = seen.map(({ logit }) => 1 / (1 + Math.exp(-logit)));
  const both = sum(probabilities.filter((_, i) => seen[i]!.inside));
  const inside = seen.filter((each) => each.inside).length;
  return 1 - (2 * both + 1) / (sum(probabilities) + inside + 1);
}

/** PyTorch's nearest: the pixel at ⌊i·H/h⌋. */
function nearest64(labels: Sample["labels"], rows: number, columns: number): number[][] {
  const [height, width] = [labels.length, labels[0]!.length];
  return Array.from({ length: rows }, (_, y) =>
    Array.from(
      { length: columns },
      (__, x) => labels[Math.floor((y * height) / rows)]![Math.floor((x * width) / columns)]!,
    ),
  );
}

/** Bilinear without aligned corners: each result is weighted by its distance to the four cells around. */
export function bilinear64(map: readonly (readonly number[])[], rows: number, columns: number): number[][] {
  const [height, width] = [map.length, map[0]!.length];
  const inside = (place: number, n: number) => Math.min(Math.max(place, 0), n - 1);
  return Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (__, x) => {
      const v = inside(((y + 0.5) * height) / rows - 0.5, height);
      const u = inside(((x + 0.5) * width) / columns - 0.5, width);
      let total = 0;
      for (let j = 0; j < height; j++) {
        for (let i = 0; i < width; i++) {
          total += Math.max(0, 1 - Math.abs(v - j)) * Math.max(0, 1 - Math.abs(u - i)) * map[j]![i]!;
        }
      }
      return total;
    }),
  );
}

/** [query][class] */
export function costs64(sample: Sample, classes: number, ignore: number, weights: Weights): number[][] {
  const { classLogits, maskLogits, labels } = sample;
  const small = nearest64(labels, maskLogits[0]!.length, maskLogits[0]![0]!.length);
  return classLogits.map((logits, query) =>
    Array.from({ length: classes }, (_, label) => {
      const seen = pixels(maskLogits[query]!, small, label, ignore);
      return (
        -weights.classWeight * softmax64(logits)[label]! +
        weights.maskWeight * meanPixelLoss64(weights.maskLoss, seen) +
        weights.diceWeight * dice64(seen)
      );
    }),
  );
}

/** The query of each class shown, by trying every way to give them out. */
export function bestAssignment64(costs: readonly (readonly number[])[], shown: readonly number[]): number[] {
  let best: { readonly total: number; readonly queries: number[] } = { total: Infinity, queries: [] };
  const extend = (queries: number[], total: number) => {
    if (queries.length === shown.length) {
      if (total < best.total) best = { total, queries };
      return;
    }
    costs.forEach((row, query) => {
      if (!queries.includes(query)) extend([...queries, query], total + row[shown[queries.length]!]!);
    });
  };
  extend([], 0);
  return best.queries;
}

export function shownClasses(labels: Sample["labels"], classes: number): number[] {
  return Array.from({ length: classes }, (_, label) => label).filter((label) =>
    labels.some((row) => row.includes(label)),
  );
}

/** The three weighted terms over a batch. */
export function maskClassification64(
  samples: readonly Sample[],
  classes: number,
  ignore: number,
  weights: Weights,
): { class: number; mask: number; dice: number } {
  const pairs = samples.flatMap((sample) => {
    const shown = shownClasses(sample.labels, classes);
    const queries = bestAssignment64(costs64(sample, classes, ignore, weights), shown);
    return queries.map((query, index) => ({ sample, query, label: shown[index]! }));
  });
  const seen = pairs.map(({ sample, query, label }) => {
    const large = bilinear64(sample.maskLogits[query]!, sample.labels.length, sample.labels[0]!.length);
    return pixels(large, sample.labels, label, ignore);
  });
  const rows = samples.flatMap((sample) =>
    sample.classLogits.map((logits, query) => {
      const label = pairs.find((pair) => pair.sample === sample && pair.query === query)?.label ?? classes;
      const weight = label === classes ? weights.noObjectWeight : 1;
      return { weight, loss: -Math.log(softmax64(logits)[label]!) };
    }),
  );
  const count = Math.max(pairs.length, 1);
  return {
    class:
      (weights.classWeight * sum(rows.map(({ weight, loss }) => weight * loss))) /
      sum(rows.map(({ weight }) => weight)),
    mask: (weights.maskWeight * sum(seen.map((each) => meanPixelLoss64(weights.maskLoss, each)))) / count,
    dice: (weights.diceWeight * sum(seen.map(dice64))) / count,
  };
}
