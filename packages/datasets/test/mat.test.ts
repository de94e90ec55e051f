import { describe, expect, it } from "vitest";
import { type MatValue, parseMat } from "../src/files/mat.js";
import { matBytes } from "./mat-bytes.js";

/** Written by scipy 1.17's savemat: structs, cells, float64, uint8, int32 and an empty matrix; plain, and compressed. */
const plain = [
  "TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFdlZCBOb3YgMjUgMDM6MTA6NTMgMjAyNgAA",
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0OAAAA2AEAAAYAAAAIAAAAAgAAAAAA",
  "AAAFAAAACAAAAAEAAAACAAAAAQAAAAsAAABhbm5vdGF0aW9ucwAAAAAABQAEAAgAAAABAAAAGAAAAGZuYW1lAAAAY2xhc3MAAABi",
  "Ym94X3gxAA4AAABAAAAABgAAAAgAAAAEAAAAAAAAAAUAAAAIAAAAAQAAAAkAAAABAAAAAAAAABAAAAAJAAAAMDAwMDEuanBnAAAA",
  "AAAAAA4AAAAwAAAABgAAAAgAAAAJAAAAAAAAAAUAAAAIAAAAAQAAAAEAAAABAAAAAAAAAAIAAQAOAAAADgAAADAAAAAGAAAACAAA",
  "AAsAAAAAAAAABQAAAAgAAAABAAAAAQAAAAEAAAAAAAAABAACACwBAAAOAAAAQAAAAAYAAAAIAAAABAAAAAAAAAAFAAAACAAAAAEA",
  "AAAJAAAAAQAAAAAAAAAQAAAACQAAADAwMDAyLmpwZwAAAAAAAAAOAAAAMAAAAAYAAAAIAAAACQAAAAAAAAAFAAAACAAAAAEAAAAB",
  "AAAAAQAAAAAAAAACAAEAAwAAAA4AAAA4AAAABgAAAAgAAAAGAAAAAAAAAAUAAAAIAAAAAQAAAAEAAAABAAAAAAAAAAkAAAAIAAAA",
  "AAAAAAAA+D8OAAAA0AAAAAYAAAAIAAAAAQAAAAAAAAAFAAAACAAAAAIAAAABAAAAAQAAAAkAAABmaWxlX2xpc3QAAAAAAAAADgAA",
  "AFgAAAAGAAAACAAAAAQAAAAAAAAABQAAAAgAAAABAAAAJgAAAAEAAAAAAAAAEAAAACYAAABuMDIwODU2MjAtQ2hpaHVhaHVhL24w",
  "MjA4NTYyMF81OTI3LmpwZwAADgAAADAAAAAGAAAACAAAAAQAAAAAAAAABQAAAAgAAAABAAAAAQAAAAEAAAAAAAAAEAACAMOkAAAO",
  "AAAAUAAAAAYAAAAIAAAABgAAAAAAAAAFAAAACAAAAAMAAAABAAAAAQAAAAYAAABsYWJlbHMAAAkAAAAYAAAAAAAAAAAA8D8AAAAA",
  "AAAAQAAAAAAAQFNADgAAADgAAAAGAAAACAAAAAkAAAAAAAAABQAAAAgAAAABAAAAAwAAAAEAAAAFAAAAc21hbGwAAAACAAMAAQID",
  "AA4AAAAwAAAABgAAAAgAAAAMAAAAAAAAAAUAAAAIAAAAAQAAAAEAAAABAAQAd2lkZQUABACQ7v7/DgAAADgAAAAGAAAACAAAAAYA",
  "AAAAAAAABQAAAAgAAAAAAAAAAAAAAAEAAAAFAAAAZW1wdHkAAAAJAAAAAAAAAA==",
].join("");
const compressed = [
  "TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFdlZCBOb3YgMjUgMDM6MTA6NTMgMjAyNgAA",
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAlQAAAHic42NgYLjByMDABqQ5",
  "gJiJAQJYoXxGqBiI5gbixLy8/JLEksz8vGKoOha4OgkgTstLzE0F0sk5icUgFUlJ+RXxFYYMfEC2AwPCHhYs9nBCaRAQgPINgMBQ",
  "L6sgHSoOMscAyRxOLOYwIpnDBGTxYdHHTUAfC1CnDiMDRe42otDdzFB9Fkj62Ajo44SKQ8APewAP0xXMDwAAAGkAAAB4nONjYGC4",
  "AMRsQMwBxIwMEMAK5TNBxUCYE4jTMnNS43Myi0ug6viAOAJJPwuafpA+NSRzBaD8PAMjAwtTMyMDXeeMzIzSRCDSh4vFm1oametl",
  "FaRDzDcgYD4jivlMDIeXMDAAAPi5EhoPAAAANQAAAHic42NgYAgAYjYg5oDSIMAK5TMDMSMUg+RyEpNSc4oZGDiBbAkGGPhgD2U4",
  "QMhgBwCi9gVhDwAAAC4AAAB4nONjYGCwAGI2IOYAYk4GCGCF8hmBmBlKg8SKcxNzcoA0E1CUkYmZAQA19wKZDwAAACkAAAB4nONj",
  "YGAwAGI2IOYAYh4GCGCF8hnhmIWhPDMllRVIT3j37z8ALS0Fmg8AAAAlAAAAeJzjY2BgsABiNiDmgNIgwArlwwAjVCw1t6CkEkhz",
  "QsUBNf8Cpg==",
].join("");

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

function shown(value: MatValue | undefined): unknown {
  if (value === undefined) return undefined;
  if (value.kind === "numbers") return Array.from(value.data);
  if (value.kind === "text") return value.text;
  if (value.kind === "cells") return value.cells.map(shown);
  return value.structs.map((struct) =>
    Object.fromEntries([...struct].map(([key, field]) => [key, shown(field)])),
  );
}
const read = (bytes: Uint8Array) =>
  Object.fromEntries([...parseMat(bytes, "x.mat")].map(([name, value]) => [name, shown(value)]));

describe("MATLAB 5 files", () => {
  it.each([
    ["plain", plain],
    ["compressed", compressed],
  ])("of scipy, %s", (_, text) => {
    expect(read(bytesOf(text))).toEqual({
      annotations: [
        { fname: "00001.jpg", class: [14], bbox_x1: [300] },
        { fname: "00002.jpg", class: [3], bbox_x1: [1.5] },
      ],
      file_list: ["n02085620-Chihuahua/n02085620_5927.jpg", "ä"],
      labels: [1, 2, 77],
      small: [1, 2, 3],
      wide: [-70000],
      empty: [],
    });
  });

  it.each([true, false])("of these tests, compressed: %s", (packed) => {
    const variables = { a: [1, 2, 3.5], list: ["x", "yy"], s: { structs: [{ k: "v", n: [1] }] } };
    expect(read(matBytes(variables, packed))).toEqual({
      a: [1, 2, 3.5],
      list: ["x", "yy"],
      s: [{ k: "v", n: [1] }],
    });
  });
});

describe("MATLAB files that are refused", () => {
  it("cut short, at every byte", () => {
    const whole = bytesOf(plain);
    for (let end = 0; end < whole.length; end++) {
      const cut = whole.subarray(0, end);
      let names: string[] | null;
      try {
        names = Object.keys(read(cut));
      } catch (error) {
        expect((error as Error).message).toMatch(/^x.mat (is|has|does)/);
        names = null;
      }
      // Only where a variable ends can the file end.
      if (names !== null) expect(names).toEqual(Object.keys(read(whole)).slice(0, names.length));
    }
  });

  it.each([
    ["HDF5, as MATLAB 7.3 writes", Buffer.alloc(200, 1), "is no MATLAB 5 file"],
    ["what does not unpack", damaged(), "does not unpack"],
    ["a bomb", matBytes({ a: new Array(5_000_000).fill(0) as number[] }), "does not unpack"],
    ["cells in cells in cells", matBytes({ a: nested(12) }), "nests deeper than 8"],
  ])("%s", (_, bytes, message) => {
    expect(() => parseMat(bytes, "x.mat")).toThrow(message);
  });

  it("sparse matrices", () => {
    const bytes = Uint8Array.from(matBytes({ a: [1] }, false));
    bytes[128 + 8 + 8] = 5;
    expect(() => parseMat(bytes, "x.mat")).toThrow(
      "has a matrix of class 5; numbers, text, cells and structs are read",
    );
  });

  it("with field names of half a letter", () => {
    const bytes = Buffer.from(matBytes({ a: { structs: [{ b: "x" }] } }, false));
    const length = bytes.indexOf(Buffer.from([5, 0, 4, 0, 32, 0, 0, 0]));
    bytes[length] = 7;
    bytes.writeFloatLE(0.5, length + 4);
    expect(() => parseMat(bytes, "half.mat")).toThrow("half.mat has a struct without field names");
  });
});

function damaged(): Uint8Array {
  const bytes = Uint8Array.from(matBytes({ a: [1, 2, 3] }));
  bytes[140]! ^= 0xff;
  return bytes;
}

type Nest = readonly Nest[] | readonly number[];
function nested(depth: number): Nest {
  return depth === 0 ? [1] : [nested(depth - 1)];
}
