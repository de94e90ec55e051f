/** The rules of the safetensors format, each broken in turn. */
import { describe, expect, it } from "vitest";
import { readAll, refusalOf, scratch } from "./support/scratch.js";

const file = scratch();

function header(json: string | object, dataBytes = 0): Buffer {
  const text = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
  return Buffer.concat([
    Buffer.from(BigUint64Array.of(BigInt(text.length)).buffer),
    text,
    Buffer.alloc(dataBytes),
  ]);
}

const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });

describe("the format's rules", () => {
  const broken: [string, Buffer, RegExp, string?][] = [
    [
      "a hole between tensors",
      header({ a: entry("U8", [4], [0, 4]), b: entry("U8", [4], [5, 9]) }, 9),
      /"b" leaves a hole: starts at 5, expected 4/,
    ],
    ["a hole at the front", header({ a: entry("U8", [4], [1, 5]) }, 5), /"a" leaves a hole/],
    ["an overlap", header({ a: entry("U8", [4], [0, 4]), b: entry("U8", [4], [3, 7]) }, 7), /"b" overlaps/],
    [
      "one range twice",
      header({ a: entry("U8", [4], [0, 4]), b: entry("U8", [4], [0, 4]) }, 4),
      /"b" overlaps/,
    ],
    [
      "bytes behind the last tensor",
      header({ a: entry("U8", [4], [0, 4]) }, 5),
      /cover 4 bytes, but 5 follow/,
    ],
    [
      "too few bytes",
      header({ a: entry("U8", [4], [0, 4]) }, 3),
      /cover 4 bytes, but 3 follow the header: truncated/,
    ],
    [
      "a shape that does not fit its bytes",
      header({ a: entry("F32", [4], [0, 15]) }, 15),
      /needs 16 bytes, data_offsets give 15/,
    ],
    ["an overflowing shape", header({ a: entry("F32", [2 ** 32, 2 ** 32], [0, 0]) }), /overflows/],
    [
      "an overflow hidden behind a zero",
      header({ a: entry("F32", [2 ** 40, 2 ** 40, 0], [0, 0]) }),
      /overflows/,
    ],
    ["an end before the start", header({ a: entry("U8", [4], [4, 0]) }, 4), /not a start and an end/],
    ["three offsets", header({ a: entry("U8", [4], [0, 4, 4]) }, 4), /not a start and an end/],
    ["no offsets", header({ a: { dtype: "U8", shape: [4] } }, 4), /data_offsets is missing/],
    ["a negative side", header({ a: entry("U8", [-4], [0, 4]) }, 4), /shape holds -4/],
    ["a fractional side", header({ a: entry("U8", [0.5], [0, 4]) }, 4), /shape holds 0\.5/],
    ["a minus zero", header('{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'), /not a count/],
    ["an unknown dtype", header({ a: entry("F33", [1], [0, 4]) }, 4), /dtype "F33" is none of F64/],
    [
      "a dtype we do not hold",
      header({ a: entry("F8_E4M3", [4], [0, 4]) }, 4),
      /has dtype F8_E4M3/,
      "UNSUPPORTED",
    ],
    ["a tensor that is no object", header({ a: 3 }), /description is not an object/],
    ["a list", header("[{}]{"), /neither a PyTorch nor a safetensors/],
    ["broken JSON", header('{"a":'), /not JSON/],
    [
      "bytes that are not UTF-8",
      header(Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1")).fill(0xff, 9, 10),
      /not UTF-8/,
    ],
    [
      "a key twice",
      header(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}',
      ),
      /describes "a" twice/,
    ],
    ["metadata that is no object", header({ __metadata__: [] }), /__metadata__ is not an object/],
    ["metadata that is not text", header({ __metadata__: { a: 1 } }), /__metadata__ "a" is not a string/],
    [
      "a header longer than the file",
      header({}).fill(0xff, 0, 1),
      /header needs 263 bytes, but the file has 10/,
    ],
    ["a header over the limit", header({}).fill(0x7f, 3, 4), /over the format's limit of 100000000/],
    [
      "a bool that is 2",
      Buffer.concat([header({ a: entry("BOOL", [1], [0, 1]) }), Buffer.of(2)]),
      /is bool but element 0 is 2/,
    ],
    ["nesting without end", header(`{"a":${"[".repeat(100_000)}`), /not JSON/],
  ];
  it.each(broken)("refuses %s", async (name, bytes, message, code = "CHECKPOINT_REFUSED") => {
    const error = await refusalOf(file(`${name}.safetensors`, bytes));
    expect(error?.code).toBe(code);
    expect(error?.message).toMatch(message);
    expect(error?.message.length).toBeLessThan(1000);
  });

  it("takes keys equal in different tensors, spaces around the JSON, and quotes in names", async () => {
    const json = `{ "a\\"{:":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}   `;
    expect(Object.keys(await readAll(file("fine.safetensors", header(json, 2))))).toEqual(['a"{:', "b"]);
  });

  it("reads a file without tensors", async () => {
    expect(await readAll(file("none.safetensors", header({})))).toEqual({});
  });
});
