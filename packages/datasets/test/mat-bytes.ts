/** MATLAB 5 files with exactly what is asked for: enough to write label files as they are published. */
import { deflateSync } from "node:zlib";

export type Written = readonly number[] | string | readonly Written[] | Struct;
/** One struct per entry, all with the same fields. */
interface Struct {
  readonly structs: readonly Readonly<Record<string, Written>>[];
}

/** @param packed each variable compressed, as MATLAB 7 writes */
export function matBytes(variables: Readonly<Record<string, Written>>, packed = true): Uint8Array {
  const header = Buffer.alloc(128, " ");
  header.write("MATLAB 5.0 MAT-file");
  header.set([0, 1, 0x49, 0x4d], 124);
  const elements = Object.entries(variables).map(([name, value]) => {
    const whole = matrix(name, value);
    return packed ? tagged(15, deflateSync(whole), false) : whole;
  });
  return Buffer.concat([header, ...elements]);
}

function tagged(type: number, data: Uint8Array, padded = true): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc(padded ? (8 - (data.length % 8)) % 8 : 0)]);
}

/** Both halves of a tag in one, with up to four bytes of data. */
function small(type: number, data: Uint8Array): Buffer {
  const whole = Buffer.alloc(8);
  whole.writeUInt16LE(type, 0);
  whole.writeUInt16LE(data.length, 2);
  whole.set(data, 4);
  return whole;
}

function matrix(name: string, value: Written): Buffer {
  const { code, size, rest } = content(value);
  const flags = Buffer.alloc(8);
  flags[0] = code;
  const sizes = Buffer.from(Int32Array.of(1, size).buffer);
  const bytes = Buffer.from(name);
  const named = bytes.length > 0 && bytes.length <= 4 ? small(1, bytes) : tagged(1, bytes);
  return tagged(14, Buffer.concat([tagged(6, flags), tagged(5, sizes), named, ...rest]));
}

function content(value: Written): { code: number; size: number; rest: Buffer[] } {
  if (typeof value === "string")
    return { code: 4, size: value.length, rest: [tagged(4, Buffer.from(value, "utf16le"))] };
  if ("structs" in value) return structs(value);
  if (value.length > 0 && typeof value[0] !== "number")
    return {
      code: 1,
      size: value.length,
      rest: (value as readonly Written[]).map((cell) => matrix("", cell)),
    };
  const numbers = value as readonly number[];
  return { code: 6, size: numbers.length, rest: [tagged(9, Buffer.from(Float64Array.from(numbers).buffer))] };
}

function structs({ structs: all }: Struct): { code: number; size: number; rest: Buffer[] } {
  const keys = Object.keys(all[0] ?? {});
  const names = Buffer.alloc(32 * keys.length);
  for (const [place, key] of keys.entries()) names.write(key, 32 * place);
  const length = small(5, Buffer.from(Int32Array.of(32).buffer));
  const fields = all.flatMap((struct) => keys.map((key) => matrix("", struct[key]!)));
  return { code: 2, size: all.length, rest: [length, tagged(1, names), ...fields] };
}
