import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ndarray } from "@difftap/core";
import { afterAll, describe, expect, test } from "vitest";
import { createGraph, dataTypeNumber } from "../src/index.js";

const python =
  process.env.DIFFTAP_PYTHON ?? fileURLToPath(new URL("../../../.cache/judge/bin/python", import.meta.url));

/** Checks the model with onnx.checker and prints what onnxruntime computes for x = [[1, 2], [3, 4]]. */
const PROGRAM = `
import json, sys, numpy, onnx, onnxruntime
onnx.checker.check_model(sys.argv[1], full_check=True)
session = onnxruntime.InferenceSession(sys.argv[1])
print(json.dumps(session.run(None, {"x": numpy.array([[1, 2], [3, 4]], "uint8")})[0].tolist()))
`;

describe.skipIf(!existsSync(python))(
  "judged by Python's onnx and onnxruntime (skipped without DIFFTAP_PYTHON)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "onnx-graph-"));
    afterAll(() => rmSync(folder, { recursive: true }));

    test("the model passes onnx.checker and computes with external data", () => {
      const graph = createGraph({ name: "judged" });
      const x = graph.node("Cast", [graph.input("x", "uint8", ["batch", 2])], {
        to: dataTypeNumber("float32"),
      });
      const weight = graph.external("w", "float32", [2, 1], { location: "weights", offset: 8, length: 8 });
      const scaled = graph.node("Mul", [x, graph.constant(ndarray("float32", [], Float32Array.of(10)))]);
      graph.output(graph.node("MatMul", [scaled, weight]), "y", "float32", ["batch", 1]);
      writeFileSync(join(folder, "weights"), new Uint8Array(Float32Array.of(0, 0, 1, -2).buffer));
      writeFileSync(join(folder, "model.onnx"), graph.encode());
      const said = execFileSync(python, ["-c", PROGRAM, join(folder, "model.onnx")], { encoding: "utf8" });
      expect(JSON.parse(said)).toEqual([[-30], [-50]]);
    });
  },
);
