import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDifftapError } from "@difftap/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { resolveSettings } from "../src/index.js";

const schema = z.object({
  seed: z.number().int().default(1),
  timesteps: z.string().default("50"),
  trainCount: z.coerce.number().int().optional(),
});
const folder = mkdtempSync(join(tmpdir(), "difftap-settings-"));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function failure(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (isDifftapError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("flag beats environment beats config file beats preset beats default", () => {
  const presetFile = file("preset.yaml", "seed: 2\ntimesteps: '10'\ntrainCount: 5\n");
  const configFile = file("config.yaml", "seed: 3\ntimesteps: '20'\n");
  const environment = { DIFFTAP_TIMESTEPS: "30", DIFFTAP_TRAIN_COUNT: "7" };
  expect(resolveSettings({ schema, flags: {} })).toEqual({ seed: 1, timesteps: "50" });
  expect(resolveSettings({ schema, flags: {}, presetFile })).toEqual({
    seed: 2,
    timesteps: "10",
    trainCount: 5,
  });
  expect(resolveSettings({ schema, flags: {}, presetFile, configFile })).toMatchObject({
    seed: 3,
    timesteps: "20",
  });
  expect(
    resolveSettings({
      schema,
      flags: { seed: 9, timesteps: undefined },
      environment,
      presetFile,
      configFile,
    }),
  ).toEqual({
    seed: 9,
    timesteps: "30",
    trainCount: 7,
  });
});

test("an unknown key names the file, the key and the nearest known one", () => {
  const error = failure(() =>
    resolveSettings({ schema, flags: {}, configFile: file("typo.yaml", "timestep: '5'\n") }),
  );
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toContain('"timestep"');
  expect(error.hint).toContain('did you mean "timesteps"');
});

test("a wrong value names the flag and the value", () => {
  const error = failure(() => resolveSettings({ schema, flags: { trainCount: "many" } }));
  expect(error.message).toContain("--train-count");
  expect(error.message).toContain('"many"');
});

test("a missing, a broken and a non-mapping file are told apart", () => {
  expect(
    failure(() => resolveSettings({ schema, flags: {}, configFile: join(folder, "none.yaml") })).code,
  ).toBe("FILE_MISSING");
  expect(
    failure(() => resolveSettings({ schema, flags: {}, configFile: file("bad.yaml", "a: [1") })).message,
  ).toContain("not valid YAML");
  expect(
    failure(() => resolveSettings({ schema, flags: {}, configFile: file("list.yaml", "- 1") })).message,
  ).toContain("mapping");
});
