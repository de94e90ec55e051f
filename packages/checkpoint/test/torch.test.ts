/** .pt files of both formats, made by the tests themselves. */
import { truncateSync } from "node:fs";
import { type DType, type DTypeArrays, type NdArray, ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { openWeights } from "../src/index.js";
import { Call, Global, Persistent, Tuple, type Value } from "./support/pickle-writer.js";
import { plain, readAll, scratch } from "./support/scratch.js";
import { orderedDict, stateDict, torchLegacy, torchMembers, torchZip } from "./support/torch-writer.js";
import { zip } from "./support/zip-writer.js";

const file = scratch();
const sixteen = ndarray(
  "float32",
  [4, 4],
  Float32Array.from({ length: 16 }, (_, i) => i + 0.5),
);

const everyDtype: { [D in DType]: DTypeArrays[D] } = {
  float64: Float64Array.of(1.1, -2e300, Number.NaN),
  float32: Float32Array.of(1.5, -0, Infinity),
  float16: Uint16Array.of(0x3c00, 0xfbff, 0x7e01),
  bfloat16: Uint16Array.of(0x3f80, 0xff80, 0x7fc1),
  int64: BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n),
  int32: Int32Array.of(-(2 ** 31), 7, 2 ** 31 - 1),
  int16: Int16Array.of(-32768, 0, 32767),
  int8: Int8Array.of(-128, 0, 127),
  uint8: Uint8Array.of(0, 128, 255),
  bool: Uint8Array.of(1, 0, 1),
};
const arrays: Record<string, NdArray> = Object.fromEntries(
  Object.entries(everyDtype).map(([dtype, data]) => [dtype, ndarray(dtype as DType, [3], data)]),
);

describe("every dtype, bit for bit", () => {
  const variants: Record<string, Uint8Array> = {
    "zip, protocol 2": torchZip(arrays),
    "zip, protocol 3": torchZip(arrays, { protocol: 3 }),
    "zip, protocol 4": torchZip(arrays, { protocol: 4 }),
    "zip64 records": torchZip(arrays, { zip64: true }),
    "zip, deflated": torchZip(arrays, { deflate: true }),
    "zip64, deflated, protocol 4": torchZip(arrays, { deflate: true, zip64: true, protocol: 4 }),
    "legacy, protocol 2": torchLegacy(arrays),
    "legacy, protocol 4": torchLegacy(arrays, undefined, 4),
  };
  it.each(Object.entries(variants))("%s", async (name, bytes) => {
    expect(plain(await readAll(file(`${name}.pt`, bytes)))).toEqual(plain(arrays));
  });
});

describe("what torch.save is given", () => {
  const inner = stateDict({ x: sixteen });
  const read = async (root: Value, within?: string) => {
    const weights = await openWeights(
      file("root.pt", torchZip({ x: sixteen }, { root })),
      within === undefined ? {} : { within },
    );
    await weights.close();
    return weights;
  };

  it("takes what lies in state_dict and keeps the values beside it as metadata", async () => {
    const weights = await read(
      new Map<string, Value>([
        ["epoch", 3],
        ["lr", 0.25],
        ["done", true],
        ["state_dict", inner],
        ["big", 2n ** 70n],
      ]),
    );
    expect([...weights.tensors.keys()]).toEqual(["x"]);
    expect(weights.metadata).toEqual({ epoch: "3", lr: "0.25", done: "true", big: String(2n ** 70n) });
  });

  it("joins the names of nested dictionaries and lists", async () => {
    const weights = await read(
      new Map<string, Value>([
        ["ema", inner],
        ["nets", [inner, new Map([["deep", inner]])]],
      ]),
    );
    expect([...weights.tensors.keys()]).toEqual(["ema.x", "nets.0.x", "nets.1.deep.x"]);
  });

  it("takes another dictionary when asked", async () => {
    const root = new Map<string, Value>([
      ["state_dict", inner],
      ["ema", new Map([["y", inner.get("x") as Value]])],
    ]);
    expect([...(await read(root, "ema")).tensors.keys()]).toEqual(["y"]);
    const weights = await openWeights(file("root.pt"), { within: "ema" });
    expect([...(await weights.read("y")).data]).toEqual([...sixteen.data]);
    await weights.close();
    await expect(read(root, "emma")).rejects.toMatchObject({
      code: "USAGE_INVALID",
      hint: expect.stringContaining('"state_dict", "ema"'),
    });
  });

  it("reads a module's OrderedDict with _metadata, and nn.Parameter", async () => {
    const parameter = new Call(
      new Global("torch._utils", "_rebuild_parameter"),
      new Tuple(inner.get("x") as Value, true, orderedDict()),
    );
    const root = new Call(
      new Global("collections", "OrderedDict"),
      new Tuple(),
      new Map([["_metadata", orderedDict()]]),
      [["p", parameter]],
    );
    expect([...(await read(root)).tensors.keys()]).toEqual(["p"]);
  });

  it("reads _rebuild_tensor_v3 over untyped bytes", async () => {
    const untyped = new Tuple("storage", new Global("torch.storage", "UntypedStorage"), "0", "cpu", 64);
    const args = new Tuple(
      new Persistent(untyped),
      4,
      new Tuple(2, 4),
      new Tuple(4, 1),
      false,
      orderedDict(),
      new Global("torch", "float32"),
    );
    const root = new Map<string, Value>([
      ["x", new Call(new Global("torch._utils", "_rebuild_tensor_v3"), args)],
    ]);
    const { x } = await readAll(file("v3.pt", torchZip({ x: sixteen }, { root })));
    expect([...(x?.data ?? [])]).toEqual([...sixteen.data.subarray(4, 12)]);
  });

  it.each<[string, Value, RegExp]>([
    ["no tensor", new Map([["a", 1]]), /without a tensor/],
    ["a number", 7, /holds a number without a tensor/],
    ["a lone tensor", inner.get("x") as Value, /lone tensor/],
    [
      "two tensors of one name",
      new Map<string, Value>([
        ["a", new Map([["b", inner.get("x") as Value]])],
        ["a.b", inner.get("x") as Value],
      ]),
      /two tensors are called "a\.b"/,
    ],
  ])("refuses %s", async (_, root, message) => {
    await expect(read(root)).rejects.toThrow(message);
  });
});

describe("a source", () => {
  it("names the nearest tensor for a wrong name, and refuses to read after close", async () => {
    const weights = await openWeights(file("source.pt", torchZip({ "time_embed.0.weight": sixteen })));
    await expect(weights.read("time_embed.0.wieght")).rejects.toMatchObject({
      code: "USAGE_INVALID",
      hint: expect.stringContaining("time_embed.0.weight"),
    });
    await weights.close();
    await weights.close();
    await expect(weights.read("time_embed.0.weight")).rejects.toMatchObject({ code: "USAGE_INVALID" });
  });

  it("reads many tensors at once", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`w${i}`, ndarray("int32", [2], Int32Array.of(i, -i))]),
    );
    const weights = await openWeights(file("many.pt", torchZip(many)));
    const read = await Promise.all(
      [...weights.tensors.keys()].map(async (name) => [name, await weights.read(name)] as const),
    );
    await weights.close();
    expect(plain(Object.fromEntries(read))).toEqual(plain(many));
  });

  it("says FILE_MISSING for a missing file, and refuses a folder", async () => {
    await expect(openWeights(file("nowhere.pt"))).rejects.toMatchObject({ code: "FILE_MISSING" });
    await expect(openWeights(file("."))).rejects.toMatchObject({ code: "CHECKPOINT_REFUSED" });
  });

  it("notices that the file became shorter", async () => {
    const path = file("shrinking.pt", torchLegacy({ sixteen }));
    const weights = await openWeights(path);
    truncateSync(path, 100);
    await expect(weights.read("sixteen")).rejects.toMatchObject({
      code: "CHECKPOINT_REFUSED",
      message: expect.stringMatching(/storage 0 ends at byte \d+: the file became shorter/),
    });
    await weights.close();
  });

  it("reads only little-endian files", async () => {
    const members = torchMembers({ x: sixteen }).map((member) =>
      member.name.endsWith("byteorder") ? { ...member, bytes: Buffer.from("big") } : member,
    );
    await expect(openWeights(file("big.pt", zip(members)))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
