/** The format of torch.save since 1.6: a zip archive with `NAME/data.pkl` and one member per storage. */
import { bytesPerElement } from "@difftap/core";
import { PickleFailure } from "../pickle/failure.js";
import { MAX_PICKLE_BYTES } from "../pickle/limits.js";
import { unpickle } from "../pickle/unpickle.js";
import type { PickleValue, TensorValue } from "../pickle/values.js";
import type { RandomAccessFile } from "../random-access-file.js";
import { quoted, refusal, unsupported } from "../refuse.js";
import type { WeightSource } from "../weights.js";
import { openZip, type ZipArchive } from "../zip/archive.js";
import type { Member } from "../zip/members.js";
import { flattenStateDict } from "./state-dict.js";
import { storageReference } from "./storage-reference.js";
import { torchSource } from "./torch-source.js";

const PICKLE_NAME = "data.pkl";

/** @throws DifftapError CHECKPOINT_REFUSED, UNSUPPORTED (big-endian). */
export async function openTorchZip(file: RandomAccessFile, unwrap: boolean): Promise<WeightSource> {
  const { path } = file;
  const archive = await openZip(file);
  const root = rootOf(path, archive);
  await requireLittleEndian(path, archive, root);
  const state = parseState(path, await readPickle(path, archive, root), unwrap);
  const storages = storageMembers(path, archive, root, state.tensors.values());
  return torchSource(file, state, (key, offset, length) =>
    archive.readPart(storages.get(key) as Member, offset, length),
  );
}

/** The folder inside the archive, named after the file it was saved to. */
function rootOf(path: string, { members }: ZipArchive): string {
  const roots = [...members.keys()].filter(
    (name) => name.split("/").length === 2 && name.endsWith(`/${PICKLE_NAME}`),
  );
  if (roots.length === 1) return (roots[0] as string).slice(0, -PICKLE_NAME.length);
  const found = roots.length === 0 ? "has no" : `has ${roots.length}`;
  throw refusal(path, `zip archive ${found} NAME/${PICKLE_NAME}: torch.save writes exactly one`);
}

async function requireLittleEndian(
  path: string,
  { members, readMember }: ZipArchive,
  root: string,
): Promise<void> {
  const member = members.get(`${root}byteorder`);
  if (!member) return;
  const order = new TextDecoder("latin1").decode((await readMember(member)).subarray(0, 16));
  if (order !== "little")
    throw unsupported(path, `byte order is ${JSON.stringify(order)}, only "little" is read`);
}

async function readPickle(
  path: string,
  { members, readMember }: ZipArchive,
  root: string,
): Promise<Uint8Array> {
  const member = members.get(root + PICKLE_NAME) as Member;
  if (member.size === 0) throw refusal(path, `${member.name} is empty`);
  if (member.size > MAX_PICKLE_BYTES) {
    throw refusal(path, `${member.name} has ${member.size} bytes, the limit is ${MAX_PICKLE_BYTES}`);
  }
  return readMember(member);
}

function parseState(path: string, pickle: Uint8Array, unwrap: boolean) {
  try {
    const { value, end } = unpickle(pickle, 0, storageReference);
    if (end !== pickle.length) throw new PickleFailure(`${pickle.length - end} bytes follow the pickle`);
    return flattenStateDict(value as PickleValue, unwrap);
  } catch (error) {
    if (error instanceof PickleFailure) throw refusal(path, `${PICKLE_NAME} ${error.message}`, error);
    throw error;
  }
}

/** Every storage that a tensor needs, there and of the announced length, before the first is read. */
function storageMembers(
  path: string,
  { members }: ZipArchive,
  root: string,
  tensors: Iterable<TensorValue>,
): Map<string, Member> {
  const storages = new Map<string, Member>();
  for (const { storage, dtype } of tensors) {
    const member = members.get(`${root}data/${storage.key}`);
    if (!member)
      throw refusal(
        path,
        `zip archive has no member ${quoted(`${root}data/${storage.key}`)}, which a tensor needs`,
      );
    const needed = storage.length * bytesPerElement(dtype);
    if (member.size !== needed) {
      throw refusal(path, `storage ${member.name} has ${member.size} bytes, its tensors say ${needed}`);
    }
    storages.set(storage.key, member);
  }
  return storages;
}
