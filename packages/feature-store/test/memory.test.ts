import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "./stores.js";

it("holds a few chunks of a store 64 times as large, writing and reading", async () => {
  const script = fileURLToPath(new URL("./memory-process.mjs", import.meta.url));
  const path = join(await temporaryFolder(), "features.zarr");
  const mebibytes = Number(
    execFileSync(process.execPath, ["--expose-gc", script, path], { encoding: "utf8" }),
  );
  expect(mebibytes).toBeGreaterThan(0.5);
  expect(mebibytes).toBeLessThan(6);
});
