/**
 * TensorBoard's Event message in the protobuf wire format, as far as scalars need it: wall_time = 1, step = 2, file_version = 3,
 * summary = 5 { value = 1 { tag = 1, simple_value = 2 } }. Source: tensorflow/core/util/event.proto, framework/summary.proto.
 */

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly scalars: Readonly<Record<string, number>>;
}

export function encodeScalars({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) => message(1, [text(1, tag), fixed32(2, value)]));
  return Buffer.concat([fixed64(1, wallTime), varint(2, step), message(5, values)]);
}

/** The message that a file begins with. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  return Buffer.concat([fixed64(1, wallTime), text(3, "brain.Event:2")]);
}

const key = (field: number, wire: number) => (field << 3) | wire;

/** A whole number from 0 in groups of seven bits, the lowest first. */
function groups(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...groups(Math.floor(value / 0x80))];
}

function varint(field: number, value: number): Uint8Array {
  return Uint8Array.from([key(field, WIRE.varint), ...groups(value)]);
}

function fixed64(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = key(field, WIRE.fixed64);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function fixed32(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(5);
  bytes[0] = key(field, WIRE.fixed32);
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function text(field: number, value: string): Uint8Array {
  return message(field, [Buffer.from(value, "utf8")]);
}

function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.from([key(field, WIRE.bytes), ...groups(content.length)]), content]);
}
