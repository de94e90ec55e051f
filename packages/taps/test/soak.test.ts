import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000 });

it("holds no more after 1,000 batches than after 100", () => {
  const script = fileURLToPath(new URL("./soak-process.mjs", import.meta.url));
  const held: number[] = JSON.parse(
    execFileSync(process.execPath, ["--expose-gc", script], { encoding: "utf8" }),
  );
  expect(held).toHaveLength(10);
  // A chunk of 80 maps is 5 MiB: the one being assembled, the one fetched, and what passes hold.
  expect(Math.max(...held.slice(5))).toBeLessThan(25);
  expect(Math.max(...held.slice(5))).toBeLessThan(held[0]! + 8);
});
