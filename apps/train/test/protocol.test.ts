/** Settings as a protocol prints them. */
import { expect, test } from "vitest";
import { inWords } from "../src/protocol.js";

test.each([
  [{ kind: "sgd", momentum: 0.9 }, "sgd (momentum 0.9)"],
  [{ kind: "cosine" }, "cosine"],
  [{ epochs: 7 }, "7 epochs"],
  [{ width: 64, poolScales: [1, 2, 3, 6] }, "width 64, pool scales 1 2 3 6"],
  [{ neck: { name: "fpn", extraLevels: 0 }, masks: null }, "neck name fpn, extra levels 0, masks null"],
])("%j", (value, words) => expect(inWords(value)).toBe(words));
