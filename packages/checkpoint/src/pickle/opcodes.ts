/**
 * What each opcode does. The table holds those that protocols 2 to 4 use for plain data, globals and REDUCE;
 * an opcode outside it is refused by its byte. Source: CPython, Lib/pickletools.py.
 */
import { quoted } from "../refuse.js";
import { PickleFailure } from "./failure.js";
import { allowedGlobals, callGlobal } from "./globals.js";
import type { PickleMachine } from "./machine.js";
import type { PickleReader } from "./reader.js";
import { isDict, kindOf, type PickleValue } from "./values.js";

/** Gives the storage that a persistent id stands for. */
export type PersistentLoad = (id: PickleValue) => PickleValue;

interface Step {
  readonly machine: PickleMachine;
  readonly reader: PickleReader;
  readonly persistentLoad: PersistentLoad;
}

type Opcode = (step: Step) => void;

export const STOP = 0x2e;
const HIGHEST_PROTOCOL = 5;

const push =
  (make: (reader: PickleReader) => PickleValue): Opcode =>
  ({ machine, reader }) =>
    machine.push(make(reader));

const tupleOf =
  (count: number): Opcode =>
  ({ machine }) =>
    machine.push({ kind: "tuple", items: machine.popMany(count) });

/** Names are pickletools'. */
const known: readonly (readonly [number, Opcode])[] = [
  [0x80, protocol], // PROTO
  [0x95, frame], // FRAME
  [0x28, ({ machine }) => machine.mark()], // MARK
  [0x30, ({ machine }) => void machine.pop()], // POP
  [0x31, ({ machine }) => void machine.popToMark()], // POP_MARK
  [0x32, ({ machine }) => machine.push(machine.top())], // DUP
  [0x4e, push(() => null)], // NONE
  [0x88, push(() => true)], // NEWTRUE
  [0x89, push(() => false)], // NEWFALSE
  [0x4a, push((reader) => reader.int32())], // BININT
  [0x4b, push((reader) => reader.uint8())], // BININT1
  [0x4d, push((reader) => reader.uint16())], // BININT2
  [0x8a, push((reader) => reader.integer(reader.uint8()))], // LONG1
  [0x8b, push((reader) => reader.integer(reader.uint32()))], // LONG4
  [0x47, push((reader) => reader.float64())], // BINFLOAT
  [0x55, push((reader) => reader.latin1String(reader.uint8()))], // SHORT_BINSTRING
  [0x54, push((reader) => reader.latin1String(reader.uint32()))], // BINSTRING
  [0x8c, push((reader) => reader.string(reader.uint8()))], // SHORT_BINUNICODE
  [0x58, push((reader) => reader.string(reader.uint32()))], // BINUNICODE
  [0x8d, push((reader) => reader.string(reader.uint64()))], // BINUNICODE8
  [0x43, push((reader) => reader.byteString(reader.uint8()))], // SHORT_BINBYTES
  [0x42, push((reader) => reader.byteString(reader.uint32()))], // BINBYTES
  [0x8e, push((reader) => reader.byteString(reader.uint64()))], // BINBYTES8
  [0x29, push(() => ({ kind: "tuple", items: [] }))], // EMPTY_TUPLE
  [0x85, tupleOf(1)], // TUPLE1
  [0x86, tupleOf(2)], // TUPLE2
  [0x87, tupleOf(3)], // TUPLE3
  [0x74, ({ machine }) => machine.push({ kind: "tuple", items: machine.popToMark() })], // TUPLE
  [0x5d, push(() => ({ kind: "list", items: [] }))], // EMPTY_LIST
  [0x6c, ({ machine }) => machine.push({ kind: "list", items: machine.popToMark() })], // LIST
  [0x61, ({ machine }) => machine.append([machine.pop()])], // APPEND
  [0x65, ({ machine }) => machine.append(machine.popToMark())], // APPENDS
  [0x7d, push(() => ({ kind: "dict", entries: [] }))], // EMPTY_DICT
  [0x73, ({ machine }) => machine.setItems(machine.popMany(2))], // SETITEM
  [0x75, ({ machine }) => machine.setItems(machine.popToMark())], // SETITEMS
  [0x71, ({ machine, reader }) => machine.remember(reader.uint8())], // BINPUT
  [0x72, ({ machine, reader }) => machine.remember(reader.uint32())], // LONG_BINPUT
  [0x94, ({ machine }) => machine.remember()], // MEMOIZE
  [0x68, ({ machine, reader }) => machine.recall(reader.uint8())], // BINGET
  [0x6a, ({ machine, reader }) => machine.recall(reader.uint32())], // LONG_BINGET
  [0x63, ({ machine, reader }) => machine.push(globalNamed(reader.line(), reader.line()))], // GLOBAL
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x51, ({ machine, persistentLoad }) => machine.push(persistentLoad(machine.pop()))], // BINPERSID
  [0x52, reduce], // REDUCE
  [0x62, build], // BUILD
];

/** By first byte; a list, because it is looked up for every opcode. */
export const opcodes: readonly (Opcode | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => known.find(([first]) => first === code)?.[1],
);

/** Refused opcodes that deserve a better word than their byte. */
export const refusedOpcodes: ReadonlyMap<number, string> = new Map([
  [0x69, "INST, which makes an object of any class"],
  [0x6f, "OBJ, which makes an object of any class"],
  [0x81, "NEWOBJ, which makes an object of any class"],
  [0x92, "NEWOBJ_EX, which makes an object of any class"],
  [0x82, "EXT1, a global by number"],
  [0x83, "EXT2, a global by number"],
  [0x84, "EXT4, a global by number"],
  [0x50, "PERSID, of the text protocol"],
]);

function protocol({ reader }: Step): void {
  const version = reader.uint8();
  if (version > HIGHEST_PROTOCOL) throw new PickleFailure(`protocol ${version} is unknown`);
}

/** Frames only help buffering. */
function frame({ reader }: Step): void {
  reader.uint64();
}

function stackGlobal({ machine }: Step): void {
  const [module, name] = machine.popMany(2);
  if (typeof module !== "string" || typeof name !== "string") {
    throw new PickleFailure(`asks for a global named by ${kindOf(module)} and ${kindOf(name)}`);
  }
  machine.push(globalNamed(module, name));
}

function globalNamed(module: string, name: string): PickleValue {
  const full = `${module}.${name}`;
  if (allowedGlobals.has(full)) return { kind: "global", name: full };
  throw new PickleFailure(`asks for ${quoted(full)}, which a state dict does not need; nothing was run`);
}

function reduce({ machine }: Step): void {
  const [callee, argumentList] = machine.popMany(2);
  machine.push(callGlobal(callee, argumentList));
}

/** A module's state dict carries `_metadata` as an attribute of its OrderedDict: not weights, dropped. */
function build({ machine }: Step): void {
  const [target] = machine.popMany(2);
  if (!isDict(target)) throw new PickleFailure(`sets attributes of ${kindOf(target)}`);
  machine.push(target as PickleValue);
}
