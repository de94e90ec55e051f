import { expect, test } from "vitest";
import { WorkerPool } from "../src/workers/worker-pool.js";

const crashing = new URL("./crashing-worker.mjs", import.meta.url);
const real = new URL("../dist/session-worker.js", import.meta.url);
const run = { kind: "run", session: 1, feeds: {} } as const;
const failed = (message: RegExp) =>
  expect.objectContaining({ code: "RUNTIME_FAILED", message: expect.stringMatching(message) });

test("a worker that dies fails the runs under way, the queued ones and later ones, and hangs none", async () => {
  const pool = new WorkerPool(crashing, 1);
  await pool.broadcast(() => ({ request: { kind: "close", session: 1 } }));
  const outcomes = await Promise.allSettled([pool.run(run, []), pool.run(run, []), pool.run(run, [])]);
  for (const outcome of outcomes) {
    expect(outcome).toEqual({ status: "rejected", reason: failed(/broke: it ended with exit code 7/) });
  }
  await expect(pool.run(run, [])).rejects.toEqual(failed(/exit code 7/));
  await pool.close();
});

test("a worker that cannot start fails its runs with the cause", async () => {
  const pool = new WorkerPool(new URL("./no-such-worker.mjs", import.meta.url), 2);
  const error = await pool.run(run, []).catch((reason: unknown) => reason);
  expect(error).toEqual(failed(/broke: .*no-such-worker/));
  expect((error as Error).cause).toBeInstanceOf(Error);
  await pool.close();
});

test("what ONNX Runtime refuses comes back with its message, and the worker goes on", async () => {
  const pool = new WorkerPool(real, 1);
  const open = (model: Uint8Array) =>
    pool.broadcast(() => ({
      request: {
        kind: "open",
        session: 1,
        model,
        weights: new Uint8Array(new ArrayBuffer(0, { maxByteLength: 0 })),
        threads: 1,
      },
    }));
  const error = await open(Uint8Array.of(1, 2, 3)).catch((reason: unknown) => reason);
  expect(error).toEqual(failed(/could not open a session: .+/));
  expect((error as Error).cause).toBeInstanceOf(Error);
  await expect(open(Uint8Array.of(4))).rejects.toEqual(failed(/could not open/));
  await expect(pool.run(run, [])).rejects.toEqual(failed(/could not run a session: .*not open/));
  await pool.close();
});

test("closing rejects what waits and what comes later", async () => {
  const pool = new WorkerPool(real, 1);
  const waiting = pool.run(run, []).catch((reason: unknown) => reason);
  await pool.close();
  expect(await waiting).toEqual(failed(/closed/));
  await expect(pool.run(run, [])).rejects.toEqual(failed(/closed/));
});
