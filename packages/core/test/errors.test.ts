import { describe, expect, it } from "vitest";
import {
  DifftapError,
  type ErrorCode,
  errorCodes,
  isDifftapError,
  nearest,
  throwIfAborted,
  writeFailed,
} from "../src/index.js";

describe("DifftapError", () => {
  it("keeps code, message, hint, details and cause", () => {
    const cause = new Error("underneath");
    const error = new DifftapError("STORE_CORRUPT", "chunk 3 is damaged", {
      hint: "delete it and run again",
      details: { chunk: 3 },
      cause,
    });
    expect(error).toMatchObject({
      name: "DifftapError",
      code: "STORE_CORRUPT",
      message: "chunk 3 is damaged",
      hint: "delete it and run again",
      details: { chunk: 3 },
      cause,
    });
  });

  it("has no hint, no details and no cause unless given", () => {
    const error = new DifftapError("NUMERIC", "NaN");
    expect([error.hint, error.details, "cause" in error]).toEqual([undefined, {}, false]);
  });

  it.each(Object.entries(errorCodes))("%s ends a command with exit code %i", (code, exitCode) => {
    expect(new DifftapError(code as ErrorCode, "x").exitCode).toBe(exitCode);
    expect([1, 2, 3, 130]).toContain(exitCode);
  });
});

describe("isDifftapError", () => {
  const error = new DifftapError("NUMERIC", "NaN");

  it("narrows by code", () => {
    expect(isDifftapError(error)).toBe(true);
    expect(isDifftapError(error, "NUMERIC")).toBe(true);
    expect(isDifftapError(error, "USAGE_INVALID")).toBe(false);
  });

  it("knows an error of another copy of the package, and no other value", () => {
    const foreign = Object.assign(new Error("x"), { name: "DifftapError", code: "NUMERIC" });
    expect(isDifftapError(foreign, "NUMERIC")).toBe(true);
    for (const other of [new Error("x"), undefined, null, "NUMERIC", { name: "DifftapError" }]) {
      expect(isDifftapError(other)).toBe(false);
    }
  });
});

describe("writeFailed", () => {
  it("passes a DifftapError through and explains any other", () => {
    const own = new DifftapError("NUMERIC", "NaN");
    expect(writeFailed("a/b", own)).toBe(own);
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    expect(writeFailed("a/b", full)).toMatchObject({
      code: "WRITE_FAILED",
      message: "cannot write a/b: no space left",
      hint: expect.stringContaining("disk is full"),
      cause: full,
    });
    expect(writeFailed("a/b", new Error("odd")).hint).toContain("check that the folder exists");
  });
});

describe("throwIfAborted", () => {
  it("throws INTERRUPTED with the signal's reason once it has fired", () => {
    const controller = new AbortController();
    expect(() => throwIfAborted(controller.signal)).not.toThrow();
    expect(() => throwIfAborted(undefined)).not.toThrow();
    controller.abort("enough");
    expect(() => throwIfAborted(controller.signal)).toThrow(
      expect.objectContaining({ code: "INTERRUPTED", exitCode: 130, cause: "enough" }),
    );
  });
});

describe("nearest", () => {
  it("names the closest candidate, whatever its case", () => {
    expect(nearest("Temperture", ["k", "temperature", "chunk"])).toBe("temperature");
    expect(nearest("x", [])).toBeUndefined();
  });
});
