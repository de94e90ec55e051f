import { expect, test } from "vitest";
import * as api from "../dist/index.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual(["storedMaps", "trainProgram"]);
});
