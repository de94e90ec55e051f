/** Random programs of operations that views, numbers and layouts run through give what TensorFlow.js's plain backend gives. */
import fc from "fast-check";
import { test } from "vitest";
import { expectSame, filledTensor, tf } from "./support.js";

/** An operation on the tensor at hand, decided by a whole number. */
type Step = (x: tf.Tensor, choice: number) => tf.Tensor;

const permutationOf = (rank: number, choice: number) => {
  const left = Array.from({ length: rank }, (_, axis) => axis);
  let rest = choice;
  return Array.from({ length: rank }, () => {
    const [axis] = left.splice(rest % left.length, 1);
    rest = Math.floor(rest / 3) + 1;
    return axis!;
  });
};
const axisOf = (x: tf.Tensor, choice: number) => choice % x.rank;
const vector = (length: number, choice: number) => filledTensor([length], choice % 97);

const steps: Readonly<Record<string, Step>> = {
  transpose: (x, choice) => tf.transpose(x, permutationOf(x.rank, choice)),
  channelsLast: (x) => (x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x),
  tanh: (x) => tf.tanh(x),
  scale: (x, choice) => tf.mul(x, tf.scalar((choice % 7) / 3)),
  shift: (x, choice) => tf.add(x, vector(x.shape.at(-1)!, choice)),
  addOnes: (x) => tf.add(x, tf.onesLike(x)),
  timesOnes: (x) => tf.mul(tf.onesLike(x), x),
  withItself: (x, choice) =>
    tf.sub(
      x,
      tf.transpose(
        tf.transpose(tf.mul(x, x), permutationOf(x.rank, choice)),
        inverse(permutationOf(x.rank, choice)),
      ),
    ),
  sumOver: (x, choice) => tf.sum(x, axisOf(x, choice), true),
  meanOut: (x, choice) => (x.rank > 1 ? tf.mean(x, axisOf(x, choice)) : x),
  maxOver: (x, choice) => tf.max(x, axisOf(x, choice), true),
  half: (x, choice) => {
    const axis = axisOf(x, choice);
    const size = x.shape.map((side, each) => (each === axis ? Math.ceil(side / 2) : side));
    return tf.slice(
      x,
      x.shape.map(() => 0),
      size,
    );
  },
  margin: (x, choice) =>
    tf.pad(
      x,
      x.shape.map((_, axis): [number, number] => (axis === axisOf(x, choice) ? [1, 2] : [0, 0])),
    ),
  twice: (x, choice) => tf.concat([x, tf.neg(x)], axisOf(x, choice)),
  flat: (x) => tf.reshape(x, [-1]),
  deeper: (x) => (x.rank < 4 ? tf.expandDims(x, 0) : x),
  select: (x) => tf.where(tf.greater(x, tf.scalar(0)), x, tf.zerosLike(x)),
  softmax: (x) => tf.softmax(x),
  product: (x) => (x.rank >= 2 ? tf.matMul(x, x, false, true) : x),
  reversed: (x, choice) => tf.reverse(x, axisOf(x, choice)),
};

function inverse(axes: readonly number[]): number[] {
  const back: number[] = [];
  for (const [place, axis] of axes.entries()) back[axis] = place;
  return back;
}

const program = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  calls: fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.integer({ min: 0, max: 1000 })), {
    minLength: 1,
    maxLength: 8,
  }),
});

/** Values stay in a range in which float32 sums in another order agree. */
const tame = (x: tf.Tensor) => tf.clipByValue(x, -50, 50);

/** All tensors of a program. */
function run({
  shape,
  seed,
  calls,
}: {
  shape: number[];
  seed: number;
  calls: [string, number][];
}): tf.Tensor[] {
  const tensors = [filledTensor(shape, seed)];
  for (const [name, choice] of calls) {
    const last = tensors.at(-1)!;
    if (last.size < 4096) tensors.push(tame(steps[name]!(last, choice)));
  }
  return tensors;
}

test.each([
  { read: "every intermediate", chosen: (tensors: tf.Tensor[]) => tensors },
  { read: "the end only", chosen: (tensors: tf.Tensor[]) => tensors.slice(-1) },
])("300 random programs, of which $read is read", async ({ chosen }) => {
  const property = fc.asyncProperty(program, (each) => expectSame(() => chosen(run(each)), 2e-5));
  await fc.assert(property, { numRuns: 300 });
});
