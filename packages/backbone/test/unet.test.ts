import { describe, expect, it } from "vitest";
import { type BlockInfo, blockTable, parameterShapes, unet } from "../src/index.js";
import { tableOf, tiny, wave, waveWeights } from "./architectures.js";
import { countingOps, referenceOps, type Tensor, tensor } from "./reference-ops.js";

const architecture = tiny();
const inputs = { x: wave([1, 3, 8, 8]), timesteps: tensor([1], [37]) };

function trace(visit: (block: BlockInfo, value: Tensor) => undefined | { replace?: Tensor } | "stop"): {
  values: Map<number, Tensor>;
  output: Tensor | undefined;
} {
  const values = new Map<number, Tensor>();
  const ops = referenceOps(waveWeights(architecture));
  const output = unet(ops, architecture, ops, inputs, (block, value) => {
    values.set(block.number, value);
    return visit(block, value);
  });
  return { values, output };
}

describe("unet", () => {
  it("visits every block in order, with the shapes of the table", () => {
    const { values, output } = trace(() => undefined);
    expect([...values.keys()]).toEqual(blockTable(architecture).map((block) => block.number));
    for (const { number, channels, downsample } of blockTable(architecture)) {
      expect(values.get(number)!.shape).toEqual([1, channels, 8 / downsample, 8 / downsample]);
    }
    expect(output!.shape).toEqual([1, 6, 8, 8]);
  });

  it("asks for every parameter, and for nothing else, in a whole run", () => {
    const { ops, weights } = countingOps(waveWeights(architecture));
    unet(ops, architecture, ops, inputs, () => undefined);
    expect([...weights].sort()).toEqual([...parameterShapes(architecture).keys()].sort());
  });

  it("stops: nothing after the block is computed, none of its parameters asked for", () => {
    const { ops, calls, weights } = countingOps(waveWeights(architecture));
    const seen: number[] = [];
    const output = unet(ops, architecture, ops, inputs, (block) => {
      seen.push(block.number);
      return block.number === 3 ? "stop" : undefined;
    });
    expect(output).toBeUndefined();
    expect(seen).toEqual([1, 2, 3]);
    expect(Object.fromEntries(calls)).toEqual({
      weight: 18,
      conv2d: 4,
      linear: 3,
      groupNorm: 2,
      silu: 4,
      splitChannels: 1,
      scaleShift: 1,
      dropout: 1,
      add: 1,
      timestepEmbedding: 1,
    });
    const reached = /^(time_embed|input_blocks\.[012])\./;
    expect([...weights].every((name) => reached.test(name))).toBe(true);
  });

  it("block 1 needs no time embedding", () => {
    const { ops, calls } = countingOps(waveWeights(architecture));
    unet(ops, architecture, ops, inputs, () => "stop");
    expect(Object.fromEntries(calls)).toEqual({ weight: 2, conv2d: 1 });
  });

  it("a stopped run gives the values of a whole one", () => {
    const whole = trace(() => undefined).values;
    const stopped = trace((block) => (block.number === 6 ? "stop" : undefined)).values;
    expect(stopped.get(6)).toEqual(whole.get(6));
    expect(stopped.has(7)).toBe(false);
  });

  it("a replaced block reaches the next one and its mirror's skip connection", () => {
    const plain = trace(() => undefined).values;
    const zeroed = trace((block, value) =>
      block.number === 2 ? { replace: { shape: value.shape, data: value.data.map(() => 0) } } : undefined,
    ).values;
    expect(zeroed.get(2)).toEqual(plain.get(2));
    expect(zeroed.get(3)).not.toEqual(plain.get(3));
    const restored = trace((block) => {
      if (block.number === 2) return { replace: wave([1, 32, 8, 8], 5) };
      return block.number === 7 ? { replace: plain.get(7)! } : undefined;
    }).values;
    // Block 8's input is block 7 (here as if nothing had happened) and the kept output of block 2, which was replaced.
    expect(restored.get(8)).not.toEqual(plain.get(8));
  });

  it("replacing by what was there changes nothing", () => {
    const same = trace((_, value) => ({ replace: value })).output;
    expect(same).toEqual(trace(() => undefined).output);
  });

  it("takes weights from elsewhere than the operations", () => {
    const ops = referenceOps(() => {
      throw new Error("not asked");
    });
    const output = unet(ops, architecture, { weight: waveWeights(architecture) }, inputs, () => undefined);
    expect(output).toEqual(trace(() => undefined).output);
  });

  it.each([
    ["labels given to an unconditional network", tiny(), wave([1]), /without class embedding/],
    [
      "labels missing",
      tiny({ class_cond: true }),
      undefined,
      /class-conditional \(1000 classes\) and needs labels/,
    ],
  ])("%s", (_, wanted, labels, message) => {
    const ops = referenceOps(waveWeights(wanted));
    const run = (): unknown => unet(ops, wanted, ops, { ...inputs, labels }, () => undefined);
    expect(run).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it.each([
    { num_head_channels: 16, resblock_updown: true },
    { use_scale_shift_norm: false, use_new_attention_order: true, num_heads_upsample: 4 },
    { channel_mult: "1", attention_resolutions: "2" },
    { channel_mult: "0.5,1,2", num_channels: 64, num_res_blocks: 2, resblock_updown: true },
  ])("runs %j and asks for its parameters exactly", (flags) => {
    const wanted = tiny(flags);
    const { ops, weights } = countingOps(waveWeights(wanted));
    const output = unet(ops, wanted, ops, inputs, () => undefined);
    expect(output!.data.every(Number.isFinite)).toBe(true);
    expect([...weights].sort()).toEqual([...tableOf(wanted).tensors.keys()].sort());
  });
});
