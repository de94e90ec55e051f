/** Files made to harm, and what must become of them: refused, in time, in memory. */
import { ndarray } from "@difftap/core";
import { expect } from "vitest";
import { pickle, Raw, type Value } from "./pickle-writer.js";
import { refusalOf, scratch } from "./scratch.js";
import { stateDict, torchMembers } from "./torch-writer.js";
import { zip } from "./zip-writer.js";

/** Of processor time, so that a busy machine does not count. */
const WORST_MILLISECONDS = 2_000;
const WORST_GROWTH_BYTES = 256 << 20;
const file = scratch();

/** The one tensor of all these files. */
export const x = ndarray("float32", [2, 2], Float32Array.of(1, 2, 3, 4));

/** Refused with CHECKPOINT_REFUSED, in time, in memory. */
export async function expectRefused(bytes: Uint8Array, message: RegExp): Promise<void> {
  const path = file("hostile.pt", bytes);
  const [before, start] = [process.memoryUsage().rss, process.cpuUsage()];
  const error = await refusalOf(path);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1_000).toBeLessThan(WORST_MILLISECONDS);
  expect(process.memoryUsage().rss - before).toBeLessThan(WORST_GROWTH_BYTES);
  expect(error?.message).toMatch(message);
  expect(error?.message.length).toBeLessThan(1_000);
  expect(error).toMatchObject({ code: "CHECKPOINT_REFUSED", exitCode: 3 });
}

/** A sound archive around any pickle. */
export const withPickle = (bytes: Uint8Array, deflate = false): Buffer =>
  zip(
    torchMembers({ x }).map((member) =>
      member.name.endsWith("data.pkl") ? { ...member, bytes, deflate } : member,
    ),
  );
export const withOpcodes = (...opcodes: number[]): Buffer => withPickle(pickle(new Raw(opcodes)));
/** Beside an honest tensor. */
export const inDict = (value: Value): Value => new Map([...stateDict({ x }), ["evil", value]]);
