/** difftap-eval doctor, as a user runs it. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "./world.js";

/** A project without any addon. */
const from = mkdtempSync(join(tmpdir(), "difftap-doctor-"));

test("names every engine, with figures for those that run and advice for the others", () => {
  const { code, out, err } = run("doctor", "--from", from);
  expect(err).toContain("from");
  expect(code).toBe(0);
  const lines = out.split("\n");
  expect(lines[0]).toMatch(/^engine\s+found\s+version\s+GFLOP\/s\s+device$/);
  expect(lines.slice(1, 6).map((line) => line.split(/\s+/).slice(0, 2).join(" "))).toEqual([
    "tensorflow-gpu no",
    "tensorflow no",
    "onnxruntime yes",
    "wasm yes",
    "cpu yes",
  ]);
  expect(out).toContain('"auto" takes onnxruntime');
  expect(out).toContain(`tensorflow: @tensorflow/tfjs-node is not installed in ${from}`);
  expect(out).toContain("→ npm install @tensorflow/tfjs-node, on Node 20 or 22");
});

test("gives the same as JSON on standard output alone", () => {
  const { code, out } = run("doctor", "--from", from, "--json");
  expect(code).toBe(0);
  const { node, auto, engines } = JSON.parse(out) as {
    node: string;
    auto: string;
    engines: { name: string; found: boolean; gigaflops?: number; remedy?: string }[];
  };
  expect(node).toBe(process.versions.node);
  expect(auto).toBe("onnxruntime");
  expect(engines).toHaveLength(5);
  for (const { found, gigaflops, remedy } of engines) {
    if (found) expect(gigaflops).toBeGreaterThan(0);
    else expect(remedy).not.toBe("");
  }
});
