import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Candidates, suppressOverlaps } from "../src/index.js";
import { orderByScore } from "../src/prediction/order.js";

interface Example {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly score: number;
  readonly label: number;
}

function candidatesFrom(examples: readonly Example[]): Candidates {
  return {
    boxes: Float32Array.from(
      examples.flatMap(({ left, top, width, height }) => [left, top, left + width, top + height]),
    ),
    scores: Float32Array.from(examples, ({ score }) => score),
    labels: Int32Array.from(examples, ({ label }) => label),
  };
}

/** Every box against every better one that stayed, class by class, straight from the definition. */
function reference({ boxes, scores, labels }: Candidates, maxOverlap: number): number[] {
  const iou = (a: number, b: number) => {
    const box = (i: number) =>
      Array.from(boxes.subarray(4 * i, 4 * i + 4)) as [number, number, number, number];
    const [p, q] = [box(a), box(b)];
    const width = Math.max(0, Math.min(p[2], q[2]) - Math.max(p[0], q[0]));
    const height = Math.max(0, Math.min(p[3], q[3]) - Math.max(p[1], q[1]));
    const area = (r: typeof p) => (r[2] - r[0]) * (r[3] - r[1]);
    const union = area(p) + area(q) - width * height;
    return union > 0 ? (width * height) / union : 0;
  };
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const kept: number[] = [];
  for (const box of order) {
    const suppressed = kept.some((other) => labels[other] === labels[box] && iou(other, box) > maxOverlap);
    if (!suppressed) kept.push(box);
  }
  return kept;
}

/** Boxes of very different sizes, many on top of each other. */
const example = fc.record({
  left: fc.integer({ min: -20, max: 60 }),
  top: fc.integer({ min: -20, max: 60 }),
  width: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 90 })),
  height: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 90 })),
  score: fc.oneof(
    fc.integer({ min: 0, max: 4 }).map((each) => each / 4),
    fc.float({ noNaN: true, min: 0, max: 1 }),
  ),
  label: fc.integer({ min: 0, max: 2 }),
});

describe("non-maximum suppression", () => {
  test.each([0, 0.05, 0.2, 0.3, 0.45, 0.5, 0.6, 0.75, 1])(
    "keeps what the definition keeps at %f",
    (maxOverlap) => {
      fc.assert(
        fc.property(fc.array(example, { maxLength: 60 }), (examples) => {
          const candidates = candidatesFrom(examples);
          const found = Array.from(suppressOverlaps(candidates, { maxOverlap }));
          expect(found).toEqual(reference(candidates, maxOverlap));
        }),
        { numRuns: 150, seed: 2 },
      );
    },
  );

  test("a limit takes the best of what stays", () => {
    fc.assert(
      fc.property(fc.array(example, { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (examples, limit) => {
        const candidates = candidatesFrom(examples);
        const all = suppressOverlaps(candidates, { maxOverlap: 0.5 });
        const few = suppressOverlaps(candidates, { maxOverlap: 0.5, limit });
        expect(Array.from(few)).toEqual(Array.from(all.subarray(0, limit)));
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  test("of thousands of boxes", () => {
    const spread = (i: number, salt: number) => (((i + 1) * salt) % 9973) / 9973;
    const examples = Array.from({ length: 3000 }, (_, i) => ({
      left: 900 * spread(i, 37),
      top: 900 * spread(i, 101),
      width: 5 + 60 * spread(i, 53) ** 3,
      height: 5 + 60 * spread(i, 71) ** 3,
      score: spread(i, 89),
      label: i % 2,
    }));
    const candidates = candidatesFrom(examples);
    for (const maxOverlap of [0.3, 0.6]) {
      const found = Array.from(suppressOverlaps(candidates, { maxOverlap }));
      expect(found).toEqual(reference(candidates, maxOverlap));
    }
  });
});

describe("order by score", () => {
  test("is that of a stable sort, whatever the signs", () => {
    const scores = fc.array(fc.float({ noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(scores, (values) => {
        const given = Float32Array.from(values, (each) => each + 0);
        const sorted = Array.from(given.keys()).sort((a, b) => given[b]! - given[a]! || a - b);
        const found = Array.from(orderByScore(given));
        expect(found.map((i) => given[i])).toEqual(sorted.map((i) => given[i]));
        if (!given.includes(0)) expect(found).toEqual(sorted);
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  test("refuses more than it can number", () => {
    expect(() => orderByScore(new Float32Array(2 ** 21 + 1))).toThrow(
      expect.objectContaining({ code: "USAGE_INVALID" }),
    );
  });
});
