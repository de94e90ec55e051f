/** A small pickler, so that tests make their own checkpoints, honest and hostile. */

export class Global {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}
}

/** `callee(*args)`; `state` becomes a BUILD. */
export class Call {
  constructor(
    readonly callee: Global,
    readonly args: Tuple,
    readonly state?: Value,
    readonly items: readonly (readonly [Value, Value])[] = [],
  ) {}
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(...items: readonly Value[]) {
    this.items = items;
  }
}

/** A value torch.save keeps outside the pickle. */
export class Persistent {
  constructor(readonly id: Value) {}
}

/** Opcodes as they are. */
export class Raw {
  constructor(readonly bytes: readonly number[]) {}
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Value[]
  | Map<string, Value>
  | Global
  | Call
  | Tuple
  | Persistent
  | Raw;

export const ascii = (text: string): number[] => [...Buffer.from(text, "utf8")];
export const uint32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

/** One pickle, PROTO to STOP. */
export function pickle(value: Value, protocol = 2): Uint8Array {
  const body = encode(value, protocol);
  return Uint8Array.from([0x80, protocol, ...(protocol >= 4 ? frame(body.length + 1) : []), ...body, 0x2e]);
}

function frame(length: number): number[] {
  return [0x95, ...uint32(length), 0, 0, 0, 0];
}

function encode(value: Value, protocol: number): number[] {
  if (value === null) return [0x4e];
  if (typeof value === "boolean") return [value ? 0x88 : 0x89];
  if (typeof value === "number") return encodeNumber(value);
  if (typeof value === "bigint") return encodeBigint(value);
  if (typeof value === "string") return encodeString(value, protocol);
  if (value instanceof Map) return [0x7d, ...encodeItems([...value], protocol)];
  if (value instanceof Global) return encodeGlobal(value, protocol);
  if (value instanceof Tuple) return [0x28, ...value.items.flatMap((item) => encode(item, protocol)), 0x74];
  if (value instanceof Persistent) return [...encode(value.id, protocol), 0x51];
  if (value instanceof Raw) return [...value.bytes];
  if (value instanceof Call) return encodeCall(value, protocol);
  return [0x5d, 0x28, ...value.flatMap((item) => encode(item, protocol)), 0x65];
}

function encodeNumber(value: number): number[] {
  if (Number.isInteger(value) && value >= 0 && value < 256) return [0x4b, value];
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return [0x4a, ...uint32(value >>> 0)];
  if (Number.isSafeInteger(value)) return encodeBigint(BigInt(value));
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value, false);
  return [0x47, ...new Uint8Array(bytes.buffer)];
}

function encodeBigint(value: bigint): number[] {
  const bytes = Array.from({ length: 12 }, (_, i) => Number(BigInt.asUintN(8, value >> BigInt(8 * i))));
  return [0x8a, bytes.length, ...bytes];
}

function encodeString(value: string, protocol: number): number[] {
  const bytes = ascii(value);
  if (protocol >= 4 && bytes.length < 256) return [0x8c, bytes.length, ...bytes];
  return [0x58, ...uint32(bytes.length), ...bytes];
}

function encodeItems(items: readonly (readonly [Value, Value])[], protocol: number): number[] {
  return [
    0x28,
    ...items.flatMap(([key, item]) => [...encode(key, protocol), ...encode(item, protocol)]),
    0x75,
  ];
}

function encodeGlobal({ module, name }: Global, protocol: number): number[] {
  if (protocol >= 4) return [...encodeString(module, protocol), ...encodeString(name, protocol), 0x93];
  return [0x63, ...ascii(`${module}\n${name}\n`)];
}

function encodeCall({ callee, args, state, items }: Call, protocol: number): number[] {
  const made = [...encodeGlobal(callee, protocol), ...encode(args, protocol), 0x52];
  const filled = items.length > 0 ? encodeItems(items, protocol) : [];
  return [...made, ...filled, ...(state === undefined ? [] : [...encode(state, protocol), 0x62])];
}
