/** What one shard holds: per sample its key, its label as written and where its image's bytes are. */
import { DifftapError } from "@difftap/core";
import { type ByteSource, fileSource, memorySource } from "../files/byte-source.js";
import { gunzipFile } from "../files/gunzip.js";
import { decodeText } from "../files/read-file.js";
import { MAX_FILE_BYTES, MAX_HELD_BYTES, MAX_TEXT_BYTES } from "../limits.js";
import { type TarEntry, tarEntries } from "./tar-entries.js";
import { refused } from "./tar-header.js";
import { seekingInput, streamingInput, type TarInput } from "./tar-input.js";

export interface ShardSample {
  /** Member name up to the first dot of its last part. */
  readonly key: string;
  /** The image member, for messages. */
  readonly member: string;
  readonly offset: number;
  readonly size: number;
  /** Text of `KEY.cls`, else "label" of `KEY.json`; null when there is neither. */
  readonly label: string | null;
}

export interface ShardIndex {
  readonly path: string;
  readonly samples: readonly ShardSample[];
  /** The images of a compressed shard, one after another; null when they are read from the archive in place. */
  readonly held: Uint8Array | null;
}

const imageSuffixes = new Set(["jpg", "jpeg", "png", "webp"]);

/**
 * Walks a shard once. Of a `.tar` only offsets are kept; of a `.tar.gz` / `.tgz` the images too, at most `budget` bytes.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for a bad archive; LABELS_MISMATCH for labels without image.
 */
export async function indexShard(path: string, budget = MAX_HELD_BYTES): Promise<ShardIndex> {
  if (/\.(tar\.gz|tgz)$/i.test(path)) {
    const chunks = gunzipFile(path);
    try {
      return await indexArchive(streamingInput(chunks, path), budget);
    } finally {
      await chunks.return(undefined);
    }
  }
  const source = await fileSource(path);
  try {
    return await indexArchive(seekingInput(source), null);
  } finally {
    await source.close();
  }
}

/** Indexes an archive that is in memory. @throws as `indexShard` */
export function indexBytes(bytes: Uint8Array, path: string): Promise<ShardIndex> {
  return indexArchive(seekingInput(memorySource(bytes, path)), null);
}

/** Where a shard's image bytes are read from. */
export async function shardSource(shard: ShardIndex): Promise<ByteSource> {
  return shard.held === null ? fileSource(shard.path) : memorySource(shard.held, shard.path);
}

interface Members {
  image?: { member: string; offset: number; size: number };
  cls?: string;
  json?: string;
}

/** @param budget bytes of images to keep, or null to keep offsets only */
async function indexArchive(input: TarInput, budget: number | null): Promise<ShardIndex> {
  const found = new Map<string, Members>();
  const images = budget === null ? null : heldImages(input.path, budget);
  for await (const entry of tarEntries(input)) {
    const { key, suffix } = splitName(entry.name);
    if (key === "") continue;
    const members = found.get(key) ?? {};
    if (imageSuffixes.has(suffix)) await addImage(members, entry, images, input.path);
    else if (suffix === "cls" || suffix === "json") await addText(members, suffix, entry, input.path);
    else continue;
    found.set(key, members);
  }
  return { path: input.path, samples: samplesOf(found, input.path), held: images?.joined() ?? null };
}

function splitName(name: string): { key: string; suffix: string } {
  const slash = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", slash);
  if (dot === -1 || dot === slash) return { key: "", suffix: "" };
  return { key: name.slice(0, dot), suffix: name.slice(dot + 1).toLowerCase() };
}

async function addImage(
  members: Members,
  entry: TarEntry,
  images: HeldImages | null,
  path: string,
): Promise<void> {
  if (members.image !== undefined) {
    throw refused(path, `two images for one sample: ${members.image.member} and ${entry.name}`);
  }
  if (entry.size > MAX_FILE_BYTES)
    throw refused(path, `${entry.name} has ${entry.size} bytes; at most ${MAX_FILE_BYTES} are read`);
  const offset = images === null ? entry.offset : images.add(await checkedBody(images, entry));
  members.image = { member: entry.name, offset, size: entry.size };
}

async function checkedBody(images: HeldImages, entry: TarEntry): Promise<Uint8Array> {
  images.reserve(entry.size);
  return entry.body();
}

async function addText(
  members: Members,
  suffix: "cls" | "json",
  entry: TarEntry,
  path: string,
): Promise<void> {
  if (members[suffix] !== undefined) throw refused(path, `${entry.name} is there twice`);
  if (entry.size > MAX_TEXT_BYTES)
    throw refused(path, `${entry.name} has ${entry.size} bytes; at most ${MAX_TEXT_BYTES} are read`);
  members[suffix] = decodeText(await entry.body(), `${path}, member ${entry.name}`).trim();
}

interface HeldImages {
  reserve(size: number): void;
  add(bytes: Uint8Array): number;
  joined(): Uint8Array;
}

function heldImages(path: string, budget: number): HeldImages {
  const parts: Uint8Array[] = [];
  let total = 0;
  return {
    reserve(size) {
      if (total + size <= budget) return;
      throw new DifftapError(
        "DATA_REFUSED",
        `the images of ${path} do not fit the ${MAX_HELD_BYTES} bytes kept for compressed shards`,
        {
          hint: "gunzip the shards: uncompressed .tar files are read in place and held on disk",
          details: { path, limit: MAX_HELD_BYTES },
        },
      );
    },
    add(bytes) {
      parts.push(bytes);
      total += bytes.length;
      return total - bytes.length;
    },
    joined: () => Buffer.concat(parts, total),
  };
}

function samplesOf(found: ReadonlyMap<string, Members>, path: string): ShardSample[] {
  const samples: ShardSample[] = [];
  const alone: string[] = [];
  for (const [key, { image, cls, json }] of found) {
    if (image !== undefined)
      samples.push({ key, ...image, label: cls ?? jsonLabel(json, `${path}, member ${key}.json`) });
    else if (cls !== undefined) alone.push(key);
  }
  if (alone.length > 0) {
    throw new DifftapError(
      "LABELS_MISMATCH",
      `${path}: ${alone.length} labels have no image, the first is ${alone[0]}.cls`,
      {
        hint: "every KEY.cls needs a KEY.jpg, KEY.png or KEY.webp in the same shard",
        details: { path, keys: alone.slice(0, 20) },
      },
    );
  }
  return samples;
}

function jsonLabel(json: string | undefined, where: string): string | null {
  if (json === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw refused(where, "not JSON", cause);
  }
  const label =
    typeof value === "object" && value !== null ? (value as { label?: unknown }).label : undefined;
  return typeof label === "string" || typeof label === "number" ? String(label) : null;
}
