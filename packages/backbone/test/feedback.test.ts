import { describe, expect, it } from "vitest";
import { blockTable, feedbackLetters, planFeedback, resumeUnet, unet } from "../src/index.js";
import { tiny, wave, waveWeights } from "./architectures.js";
import { countingOps, referenceOps, type Tensor, tensor } from "./reference-ops.js";

const architecture = tiny();
/** Nine blocks: 1 to 4 in, 5 in the middle, 6 to 9 out. */
const blocks = blockTable(architecture);
const conditions = { timesteps: tensor([1], [37]) };

function everyBlock(): Map<number, Tensor> {
  const values = new Map<number, Tensor>();
  const ops = referenceOps(waveWeights(architecture));
  unet(ops, architecture, ops, { ...conditions, x: wave([1, 3, 8, 8]) }, ({ number }, value) => {
    values.set(number, value);
  });
  return values;
}

describe("planFeedback", () => {
  it("adds to mirrors, begins at the first of them, and keeps what is joined later", () => {
    const plan = planFeedback(blocks, { blocks: [7, 6], read: [8, 5] });
    expect(plan.connections.map(({ from, to }) => [from.number, to.number])).toEqual([
      [7, 3],
      [6, 4],
    ]);
    expect(plan).toMatchObject({ start: 3, kept: [2], deepest: 8, needed: [2, 3, 6, 7] });
  });

  it("keeps nothing where pass 2 ends before the decoder", () => {
    expect(planFeedback(blocks, { blocks: [6], read: [5] })).toMatchObject({
      start: 4,
      kept: [],
      needed: [4, 6],
    });
  });

  it.each([
    ["nothing fed back", { blocks: [], read: [7] }, /no feedback block is named/],
    ["nothing read", { blocks: [6], read: [] }, /nothing is read in pass 2/],
    ["the middle block", { blocks: [5], read: [7] }, /middle block has no mirror/],
    ["an encoder block", { blocks: [2], read: [7] }, /lies in the encoder/],
    ["a block twice", { blocks: [6, 6], read: [7] }, /feedback block 6 is there twice/],
    ["a block that is not there", { blocks: [10], read: [7] }, /block 10 does not exist/],
    ["a read block that is not there", { blocks: [6], read: [0] }, /block 0 does not exist/],
    [
      "a block read before anything is added",
      { blocks: [6], read: [3, 7] },
      /first differs from pass 1 at block 4/,
    ],
    ["feedback after what is read", { blocks: [8, 6], read: [3] }, /is added to block 4, after block 3/],
  ])("refuses %s", (_, request, message) => {
    expect(() => planFeedback(blocks, request)).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: expect.stringMatching(message),
        hint: expect.any(String),
      }),
    );
  });
});

describe("feedbackLetters", () => {
  it("reads the paper's module", () => {
    expect(feedbackLetters("C_B_R")).toEqual(["C", "B", "R"]);
  });

  it.each(["", "B_R", "C_X", "CBR", "C__B", "C_B_", "c_b_r"])("refuses %j", (module) => {
    expect(() => feedbackLetters(module)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("resumeUnet", () => {
  it.each([1, 3, 4, 5, 6, 8])("from block %i gives the values of a whole run", (start) => {
    const whole = everyBlock();
    const { ops, weights } = countingOps(waveWeights(architecture));
    const kept = new Map([...whole].filter(([number]) => number < Math.min(start, 5)));
    const state = { block: start, value: whole.get(start)!, kept };
    const seen = new Map<number, Tensor>();
    resumeUnet(ops, architecture, ops, { ...conditions, state }, ({ number }, value) => {
      seen.set(number, value);
    });
    expect([...seen.keys()]).toEqual([...whole.keys()].slice(start));
    for (const [number, value] of seen) expect(value).toEqual(whole.get(number));
    expect([...weights].some((name) => name.startsWith("input_blocks.0."))).toBe(false);
  });

  it("from the last block gives the output alone", () => {
    const ops = referenceOps(waveWeights(architecture));
    const whole = everyBlock();
    const state = { block: 9, value: whole.get(9)!, kept: new Map() };
    const output = resumeUnet(ops, architecture, ops, { ...conditions, state }, () => undefined);
    const all = unet(ops, architecture, ops, { ...conditions, x: wave([1, 3, 8, 8]) }, () => undefined);
    expect(output).toEqual(all);
  });

  it("needs kept outputs only up to where it stops, and says which is missing", () => {
    const ops = referenceOps(waveWeights(architecture));
    const whole = everyBlock();
    const state = { block: 4, value: whole.get(4)!, kept: new Map() };
    const run = (last: number) =>
      resumeUnet(ops, architecture, ops, { ...conditions, state }, ({ number }) =>
        number === last ? "stop" : undefined,
      );
    expect(run(6)).toBeUndefined();
    expect(() => run(7)).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: expect.stringMatching(/block 7 joins the output of block 3/),
      }),
    );
  });
});
