import { expect, it } from "vitest";
import * as api from "../src/index.js";
import * as testing from "../src/testing.js";

it("exports exactly these names", () => {
  expect(Object.keys(api).sort()).toEqual([
    "DifftapError",
    "TEMPORARY_SUFFIX",
    "arrayTypes",
    "bfloat16ToFloat32",
    "bytesOf",
    "bytesPerElement",
    "decodeMask",
    "elementCount",
    "encodeMask",
    "errorCodes",
    "fillNormals",
    "float16ToFloat32",
    "float32ToBfloat16",
    "float32ToFloat16",
    "hashId",
    "isDifftapError",
    "maskArea",
    "maskBox",
    "ndarray",
    "nearest",
    "nodeFileSystem",
    "normals",
    "permutation",
    "philox4x32",
    "polygonMask",
    "randomIntegers",
    "runLengthMask",
    "runsFromText",
    "runsToText",
    "sha256Hex",
    "stableStringify",
    "streams",
    "throwIfAborted",
    "toFloat32",
    "uniforms",
    "writeFailed",
    "writeFileAtomic",
  ]);
});

it("exports exactly these names for tests of writers", () => {
  expect(Object.keys(testing).sort()).toEqual([
    "SimulatedCrash",
    "crashingFileSystem",
    "everyCall",
    "failingFileSystem",
  ]);
});
