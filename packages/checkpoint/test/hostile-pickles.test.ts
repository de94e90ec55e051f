/** Pickles that no pickler writes. */
import { describe, it } from "vitest";
import { expectRefused, inDict, withOpcodes, withPickle, x } from "./support/hostile.js";
import { ascii, Call, Global, pickle, Raw, Tuple, uint32 } from "./support/pickle-writer.js";
import { stateDict, storage, tensor } from "./support/torch-writer.js";

describe("pickles", () => {
  const cases: [string, Buffer, RegExp][] = [
    ["INST", withOpcodes(0x28, 0x69, ...ascii("os\nsystem\n")), /opcode INST.*byte 3 is not for state dicts/],
    ["OBJ", withOpcodes(0x28, 0x6f), /opcode OBJ/],
    ["NEWOBJ", withOpcodes(0x81), /opcode NEWOBJ/],
    ["EXT1", withOpcodes(0x82, 1), /opcode EXT1/],
    ["an opcode that does not exist", withOpcodes(0xff), /opcode 0xff at byte 2/],
    ["a persistent id that is no storage", withOpcodes(0x4e, 0x51), /persistent id is None, not a tuple/],
    [
      "a module as persistent id",
      withPickle(
        pickle(
          new Call(new Global("collections", "OrderedDict"), new Tuple(), undefined, [
            ["a", storage("0", "float32", 4)],
            ["b", new Raw([...ascii("X"), ...uint32(6), ...ascii("module"), 0x85, 0x51])],
          ]),
        ),
      ),
      /persistent id of a "module"/,
    ],
    [
      "a storage class that is a function",
      withPickle(
        pickle(
          inDict(
            new Raw([
              0x28,
              ...ascii("X"),
              ...uint32(7),
              ...ascii("storage"),
              0x63,
              ...ascii("collections\nOrderedDict\n"),
              0x4b,
              0,
              0x4b,
              0,
              0x4b,
              0,
              0x74,
              0x51,
            ]),
          ),
        ),
      ),
      /names collections\.OrderedDict where a storage class belongs/,
    ],
    [
      "a call of a storage class",
      withPickle(pickle(inDict(new Call(new Global("torch", "FloatStorage"), new Tuple(4))))),
      /calls torch\.FloatStorage, which is not a function/,
    ],
    ["a call of a number", withOpcodes(0x4b, 1, 0x29, 0x52), /calls number/],
    [
      "a call without a tuple",
      withOpcodes(0x63, ...ascii("collections\nOrderedDict\n"), 0x4e, 0x52),
      /calls collections\.OrderedDict with None/,
    ],
    [
      "a tensor over a list",
      withPickle(pickle(inDict(tensor([], [2], [1])))),
      /tensor over list instead of a storage/,
    ],
    [
      "a tensor of a negative side",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 4), [-1], [1])))),
      /tensor shape is -1, not a count/,
    ],
    [
      "a tensor of 2^70",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 4), [2n ** 70n], [1])))),
      /tensor shape is 1180591620717411303424/,
    ],
    [
      "a tensor of 65 dimensions",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 4), Array(65).fill(1), Array(65).fill(0))))),
      /65 dimensions, the limit is 64/,
    ],
    [
      "a storage of negative length",
      withPickle(pickle(inDict(tensor(storage("0", "float32", -4), [1], [1])))),
      /storage length is -4/,
    ],
    [
      "a storage that says more than the member holds",
      withPickle(pickle(inDict(tensor(storage("0", "float32", 2 ** 40), [1], [1])))),
      /storage model\/data\/0 has 16 bytes, its tensors say 4398046511104/,
    ],
    [
      "a storage that is not there",
      withPickle(pickle(inDict(tensor(storage("../../etc/passwd", "float32", 4), [1], [1])))),
      /no member "model\/data\/\.\.\/\.\.\/etc\/passwd"/,
    ],
    ["attributes on a list", withOpcodes(0x5d, 0x7d, 0x62), /sets attributes of list/],
    ["an item of a number", withOpcodes(0x4b, 1, 0x4b, 1, 0x4b, 1, 0x73), /sets items of number/],
    ["an append to a tuple", withOpcodes(0x29, 0x4e, 0x61), /appends to tuple/],
    ["a key without a value", withOpcodes(0x7d, 0x28, 0x4e, 0x75), /key without a value/],
    ["a pop of nothing", withOpcodes(0x30), /stack is empty/],
    ["a pop through a mark", withOpcodes(0x4e, 0x28, 0x30), /stack is empty/],
    ["no mark", withOpcodes(0x74), /no mark is open/],
    ["a memo that is not there", withOpcodes(0x68, 9), /memo has no value 9/],
    ["an open mark at the end", withOpcodes(0x28, 0x4e), /ends with an open mark/],
    ["protocol 9", withPickle(Buffer.of(0x80, 9, 0x4e, 0x2e)), /protocol 9 is unknown/],
    ["no end", withPickle(Buffer.of(0x80, 2, 0x4e)), /needs 1 bytes at byte 3, but the pickle ends at 3/],
    [
      "bytes behind the end",
      withPickle(Buffer.concat([pickle(stateDict({ x })), Buffer.alloc(3)])),
      /3 bytes follow the pickle/,
    ],
    ["text that is not UTF-8", withOpcodes(0x8c, 1, 0xff), /text at byte 4 is not UTF-8/],
  ];
  it.each(cases)("refuses %s", (_, bytes, message) => expectRefused(bytes, message));
});
