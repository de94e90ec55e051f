/** PyTorch and Python's safetensors as judges, where a Python with both is given. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { ndarray } from "@difftap/core";
import { describe, expect, it } from "vitest";
import { openWeights, writeSafetensors } from "../src/index.js";
import { plain, readAll, refusalOf, scratch } from "./support/scratch.js";

const python = process.env.DIFFTAP_PYTHON ?? resolve(import.meta.dirname, "../../../.cache/judge/bin/python");
const missing = !existsSync(python);
const note = missing ? " (skipped: DIFFTAP_PYTHON is not there)" : "";
const file = scratch();
const run = (script: string): string =>
  execFileSync(python, ["-c", script], { encoding: "utf8", timeout: 120_000 });
const timeout = 150_000;

describe.skipIf(missing)(`what PyTorch writes${note}`, () => {
  it("is read as safetensors says it is: protocols, formats, views, an optimiser's state", {
    timeout,
  }, async () => {
    run(`
import torch, safetensors.torch as st
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 3), torch.nn.BatchNorm2d(32), torch.nn.Linear(7, 5).to(torch.bfloat16))
opt = torch.optim.Adam(net.parameters())
net[0](torch.randn(1, 3, 8, 8)).sum().backward(); opt.step()
big = torch.randn(40, 50)
views = {"t": big.t(), "s": big[3:9, ::7], "e": big[:1].expand(4, 50), "f": big.to(torch.float16)[5], "d": torch.arange(6, dtype=torch.int16).reshape(3, 2).t(), "i8": torch.tensor([-1, 5], dtype=torch.int8)}
cases = {"net": net.state_dict(), "views": views, "adam": opt.state_dict()["state"], "trained": {"epoch": 3, "model": net.state_dict(), "opt": opt.state_dict()}}
def flat(v, p=""):
    if torch.is_tensor(v): return {p[:-1]: v.detach().contiguous().clone()}
    out = {}
    for k, x in (v.items() if isinstance(v, dict) else ()): out.update(flat(x, f"{p}{k}."))
    return out
for name, value in cases.items():
    st.save_file(flat(value["model"] if name == "trained" else value), ${JSON.stringify(file("want-"))} + name + ".safetensors")
    for protocol in (2, 3, 4, 5):
        for new in (True, False):
            torch.save(value, f"${file("have-")}{name}-{protocol}-{new}.pt", pickle_protocol=protocol, _use_new_zipfile_serialization=new)
`);
    for (const name of ["net", "views", "adam", "trained"]) {
      const want = plain(await readAll(file(`want-${name}.safetensors`)));
      for (const protocol of [2, 3, 4, 5]) {
        for (const format of ["True", "False"]) {
          const have = plain(await readAll(file(`have-${name}-${protocol}-${format}.pt`)));
          expect(have, `${name}, protocol ${protocol}, zip ${format}`).toEqual(want);
        }
      }
    }
  });

  it("is refused by name where it is no state dict of ours", { timeout }, async () => {
    run(`
import torch
x = torch.zeros(2)
torch.save(torch.nn.Linear(2, 2), "${file("module.pt")}")
torch.save({"x": x.to(torch.complex64)}, "${file("complex.pt")}")
torch.save({"x": x.to(torch.float8_e4m3fn)}, "${file("float8.pt")}")
torch.save({"x": x.to_sparse()}, "${file("sparse.pt")}")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), "${file("jit.pt")}")
`);
    const reasons: Record<string, RegExp> = {
      module: /asks for "torch\.nn\.modules\.linear\.Linear"/,
      complex: /asks for "torch\.ComplexFloatStorage"/,
      float8: /asks for "torch\.(Float8_e4m3fnStorage|float8_e4m3fn)"/,
      sparse: /asks for "torch\._utils\._rebuild_sparse_tensor"/,
      jit: /asks for "__torch__\./,
    };
    for (const [name, reason] of Object.entries(reasons)) {
      expect((await refusalOf(file(`${name}.pt`)))?.message, name).toMatch(reason);
    }
  });
});

describe.skipIf(missing)(`what we write${note}`, () => {
  it("is read by Python's safetensors, bit for bit", { timeout }, async () => {
    const path = file("ours.safetensors");
    await writeSafetensors(
      path,
      {
        "a.weight": ndarray("float32", [2, 2], Float32Array.of(1.5, -0, Number.NaN, 1e-40)),
        half: ndarray("float16", [2], Uint16Array.of(0x3c00, 0x8001)),
        brain: ndarray("bfloat16", [1], Uint16Array.of(0x3f80)),
        long: ndarray("int64", [], BigInt64Array.of(-(2n ** 63n))),
        flags: ndarray("bool", [3], Uint8Array.of(1, 0, 1)),
        empty: ndarray("float64", [0, 3]),
      },
      { format: "pt", note: "ü" },
    );
    const said = run(`
import json, torch
from safetensors import safe_open
with safe_open("${path}", "pt") as f:
    t = {k: f.get_tensor(k) for k in f.keys()}
    print(json.dumps({"metadata": f.metadata(), **{k: [str(v.dtype), list(v.shape), v.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes().hex()] for k, v in t.items()}}))
`);
    const ours = plain(await readAll(path)) as Record<
      string,
      { dtype: string; shape: number[]; bytes: string }
    >;
    const expected = Object.fromEntries(
      Object.entries(ours).map(([name, { dtype, shape, bytes }]) => [name, [`torch.${dtype}`, shape, bytes]]),
    );
    expect(JSON.parse(said)).toEqual({ metadata: { format: "pt", note: "ü" }, ...expected });
  });

  it("opens what a converted checkpoint is", { timeout }, async () => {
    const { copyToSafetensors } = await import("../src/index.js");
    run(`
import torch
torch.manual_seed(1)
torch.save({"w": torch.randn(300, 200), "b": torch.randn(7).to(torch.bfloat16)}, "${file("source.pt")}")
`);
    const source = await openWeights(file("source.pt"));
    await copyToSafetensors(source, file("converted.safetensors"));
    await source.close();
    const same = run(`
import torch, safetensors.torch as st
a, b = torch.load("${file("source.pt")}"), st.load_file("${file("converted.safetensors")}")
print(a.keys() == b.keys() and all(torch.equal(a[k], b[k]) and a[k].dtype == b[k].dtype for k in a))
`);
    expect(same.trim()).toBe("True");
  });
});
