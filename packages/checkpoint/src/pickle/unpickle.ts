/**
 * Reads one pickle without running anything: values, tensors' descriptions and names of the allow-list.
 *
 * ```ts
 * const { value, end } = unpickle(bytes, 0, (id) => storageOf(id));
 * ```
 */
import { PickleFailure } from "./failure.js";
import { MAX_OPCODES } from "./limits.js";
import { PickleMachine } from "./machine.js";
import { opcodes, type PersistentLoad, refusedOpcodes, STOP } from "./opcodes.js";
import { PickleReader } from "./reader.js";
import type { PickleValue } from "./values.js";

export interface Unpickled {
  readonly value: PickleValue;
  /** First byte behind the pickle. */
  readonly end: number;
}

/**
 * @throws PickleFailure saying at which byte and why; PickleTruncated when the bytes end within the pickle.
 */
export function unpickle(bytes: Uint8Array, start: number, persistentLoad: PersistentLoad): Unpickled {
  const reader = new PickleReader(bytes, start);
  const machine = new PickleMachine();
  const step = { machine, reader, persistentLoad };
  for (let count = 0; count < MAX_OPCODES; count++) {
    const at = reader.position;
    const code = reader.uint8();
    if (code === STOP) return { value: machine.result(), end: reader.position };
    const run = opcodes[code];
    if (!run)
      throw new PickleFailure(
        `opcode ${refusedOpcodes.get(code) ?? `0x${code.toString(16).padStart(2, "0")}`} at byte ${at} is not for state dicts`,
      );
    run(step);
  }
  throw new PickleFailure(`pickle is over ${MAX_OPCODES} opcodes`);
}
