/** Pickles that ask for functions to call. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectRefused, inDict, x } from "./support/hostile.js";
import { Call, Global, pickle, Tuple } from "./support/pickle-writer.js";
import { scratch } from "./support/scratch.js";
import { torchLegacy, torchZip } from "./support/torch-writer.js";

const file = scratch();

describe("globals outside the allow-list", () => {
  const marker = file("was-run");
  const globals: [string, string][] = [
    ["posix", "system"],
    ["os", "system"],
    ["nt", "system"],
    ["builtins", "eval"],
    ["builtins", "exec"],
    ["builtins", "getattr"],
    ["__builtin__", "eval"],
    ["subprocess", "Popen"],
    ["torch", "load"],
    ["torch.hub", "load"],
    ["torch.storage", "_load_from_bytes"],
    ["torch._utils", "_rebuild_tensor_v2.__globals__"],
    ["collections", "OrderedDict.__class__"],
    ["numpy.core.multiarray", "scalar"],
    ["constructor", "constructor"],
    ["torch", "constructor"],
    ["toString", ""],
  ];
  const cases = globals.flatMap(([module, name]) =>
    [2, 4].map((protocol) => [module, name, protocol] as const),
  );

  it.each(cases)("%s.%s in a zip and in the legacy format, protocol %i", async (module, name, protocol) => {
    const call = inDict(new Call(new Global(module, name), new Tuple(`touch ${marker}`)));
    const message = new RegExp(
      `asks for "${module}\\.${name}", which a state dict does not need; nothing was run`.replaceAll(
        "(",
        "\\(",
      ),
    );
    await expectRefused(torchZip({ x }, { root: call, protocol }), message);
    await expectRefused(torchLegacy({ x }, call, protocol), message);
    await expectRefused(Buffer.from(pickle(call, protocol)), /asks for|persistent id outside/);
    expect(existsSync(marker)).toBe(false);
  });
});
