/** Attention, positions and a layer of the decoder against float64. */
import { start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { createAttention } from "../../src/layers/attention.js";
import { createQueryDecoder } from "../../src/layers/query-decoder.js";
import { sinePositions } from "../../src/layers/sine-positions.js";
import { difference, waves } from "../examples.js";
import { softmax64 } from "../losses/reference.js";

beforeAll(() => start("cpu"));

/** [token][channel] */
type Tokens = number[][];

const [width, heads] = [8, 2];
const tokens = (count: number, salt: number): Tokens =>
  Array.from({ length: count }, (_, token) =>
    Array.from(waves(count * width, salt).slice(token * width, (token + 1) * width)),
  );
const tensorOf = (...samples: Tokens[]) => tf.tensor3d(samples);
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((total, value, i) => total + value * b[i]!, 0);
const plus = (a: Tokens, b: Tokens): Tokens => a.map((row, y) => row.map((value, x) => value + b[y]![x]!));

type Read = (name: string) => number[][];
const reader =
  (variables: ReadonlyMap<string, tf.Variable>): Read =>
  (name) => {
    const variable = variables.get(name)!;
    return (variable.rank === 1 ? tf.reshape(variable, [1, -1]) : variable).arraySync() as number[][];
  };

const linear = (rows: Tokens, weight: number[][], [bias]: number[][] = [[]]): Tokens =>
  rows.map((row) => weight.map((each, output) => dot(row, each) + (bias?.[output] ?? 0)));

function attention64(name: string, read: Read, queries: Tokens, keys: Tokens, values: Tokens): Tokens {
  const project = (rows: Tokens, part: string) => linear(rows, read(`${name}.${part}.weight`));
  const [q, k, v] = [project(queries, "query"), project(keys, "key"), project(values, "value")];
  const size = width / heads;
  const joined = q.map((row) =>
    Array.from({ length: heads }, (_, head) => {
      const part = (each: number[]) => each.slice(head * size, (head + 1) * size);
      const shares = softmax64(k.map((key) => dot(part(row), part(key)) / Math.sqrt(size)));
      return Array.from({ length: size }, (__, channel) =>
        dot(
          shares,
          v.map((value) => part(value)[channel]!),
        ),
      );
    }).flat(),
  );
  return linear(joined, read(`${name}.out.weight`), read(`${name}.out.bias`));
}

function layerNorm64(rows: Tokens, [gain]: number[][], [shift]: number[][]): Tokens {
  return rows.map((row) => {
    const mean =
      dot(
        row,
        row.map(() => 1),
      ) / width;
    const spread = Math.sqrt(row.reduce((total, value) => total + (value - mean) ** 2, 0) / width + 1e-5);
    return row.map((value, channel) => ((value - mean) / spread) * gain![channel]! + shift![channel]!);
  });
}

test("attention asks, weighs and gathers as the formula says", () => {
  const layer = createAttention("attn", { width, heads, seed: 3 });
  const read = reader(layer.variables);
  const [asking, asked, told] = [
    [tokens(3, 1), tokens(3, 2)],
    [tokens(5, 3), tokens(5, 4)],
    [tokens(5, 5), tokens(5, 6)],
  ];
  const found = layer.forward({
    queries: tensorOf(...asking!),
    keys: tensorOf(...asked!),
    values: tensorOf(...told!),
  });
  const expected = [0, 1].flatMap((sample) =>
    attention64("attn", read, asking![sample]!, asked![sample]!, told![sample]!).flat(),
  );
  expect(found.shape).toEqual([2, 3, width]);
  expect(difference(found.dataSync(), expected)).toBeLessThan(1e-5);
});

test("a decoder's layers are cross-attention, self-attention and two linear layers, each with its norm", () => {
  const size = { queries: 3, layers: 2, width, heads, hidden: 6, seed: 3 };
  const decoder = createQueryDecoder("q", size);
  const read = reader(decoder.variables);
  const [memory, places] = [tokens(5, 7), tokens(5, 8)];
  const results = decoder.forward({ tokens: tensorOf(memory), positions: tf.tensor2d(places) });
  let rows = read("q.features");
  const positions = read("q.positions");
  const norm = (each: Tokens, name: string) =>
    layerNorm64(each, read(`${name}.weight`), read(`${name}.bias`));
  const expected = [0, 1].map((index) => {
    const name = `q.layers.${index}`;
    const cross = attention64(`${name}.cross`, read, plus(rows, positions), plus(memory, places), memory);
    const seen = norm(plus(rows, cross), `${name}.norm1`);
    const placed = plus(seen, positions);
    const heard = norm(plus(seen, attention64(`${name}.self`, read, placed, placed, seen)), `${name}.norm2`);
    const hidden = linear(heard, read(`${name}.linear1.weight`), read(`${name}.linear1.bias`));
    const raised = hidden.map((row) => row.map((value) => Math.max(0, value)));
    const changed = linear(raised, read(`${name}.linear2.weight`), read(`${name}.linear2.bias`));
    rows = norm(plus(heard, changed), `${name}.norm3`);
    return norm(rows, "q.norm");
  });
  results.forEach((found, index) => {
    expect(difference(found.dataSync(), expected[index]!.flat())).toBeLessThan(1e-5);
  });
});

test("positions are DETR's", () => {
  const [height, columns, channels] = [3, 4, 8];
  const found = sinePositions({ height, width: columns }, channels).arraySync();
  const wave = (place: number, n: number, channel: number) => {
    const angle = (((place + 1) / n) * 2 * Math.PI) / 10000 ** ((channel - (channel % 2)) / (channels / 2));
    return channel % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      const half = [0, 1, 2, 3];
      const expected = [...half.map((c) => wave(y, height, c)), ...half.map((c) => wave(x, columns, c))];
      expect(difference(found[y * columns + x]!, expected)).toBeLessThan(1e-6);
    }
  }
});
