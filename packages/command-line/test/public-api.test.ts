import { expect, test } from "vitest";
import * as api from "../src/index.js";

test("the public surface is exactly this list", () => {
  expect(Object.keys(api).sort()).toEqual([
    "addCommand",
    "describeEnvironment",
    "finiteNumber",
    "flag",
    "memoryTerminal",
    "option",
    "positiveNumbers",
    "processTerminal",
    "resolveSettings",
    "runCommand",
    "showProgress",
    "textTable",
    "toggle",
    "wholeNumber",
    "wholeNumbers",
    "words",
  ]);
});
