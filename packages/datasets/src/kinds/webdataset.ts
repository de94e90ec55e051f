/** WebDataset shards: tar archives with `KEY.jpg` (or .jpeg, .png, .webp) and `KEY.cls`. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { checkIndex, type ImageDataset } from "../dataset.js";
import { defineDataset } from "../definition.js";
import type { ByteSource } from "../files/byte-source.js";
import { fingerprint } from "../files/fingerprint.js";
import { MAX_HELD_BYTES } from "../limits.js";
import { indexShard, type ShardIndex, type ShardSample, shardSource } from "../webdataset/shard-index.js";
import { shardPaths } from "../webdataset/shard-paths.js";
import { readClassList, resolveLabels } from "./class-labels.js";

/** Shards kept open between reads; those beyond are opened for each read. */
const OPEN_SHARDS = 128;

export interface WebDatasetSpec {
  /** A shard, or a pattern of shards: `train-{000000..000004}.tar.gz`, `*.tar`. */
  readonly path: string;
  /** A JSON class list. Without it `classes.json` beside the first shard is used when there is one. */
  readonly classes?: string | undefined;
}

/**
 * Opens shards; a sample's id is `SHARD/KEY`, SHARD being the file name without its suffix.
 * The digest covers ids, labels and encoded sizes, not the bytes of the images.
 * @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED for archives that are damaged, hostile or without images; LABELS_MISMATCH
 */
export async function openWebDataset(spec: WebDatasetSpec): Promise<ImageDataset> {
  const shards = await indexShards(await shardPaths(spec.path));
  const names = await classNames(spec, shards[0]?.path ?? spec.path);
  const places = shards.flatMap((shard) => shard.samples.map((sample): Place => ({ shard, sample })));
  if (places.length === 0) {
    throw new DifftapError("DATA_REFUSED", `${spec.path} holds no images`, {
      hint: "members are named KEY.jpg, KEY.png or KEY.webp",
    });
  }
  const ids = places.map(({ shard, sample }) => `${stem(shard.path)}/${sample.key}`);
  checkUnique(ids, spec.path);
  const { labels, classes } = resolveLabels(
    places.map(({ sample }) => sample.label),
    names,
    spec.path,
    (index) => ids[index]!,
  );
  const pool = openShards();
  return {
    name: basename(spec.path),
    length: places.length,
    classes,
    digest: fingerprint([
      "webdataset",
      ...places.flatMap(({ sample }, i) => [ids[i]!, sample.size, labels[i]!]),
      ...(classes ?? []),
    ]),
    id: (index) => ids[index]!,
    label: (index) => labels[index]!,
    read: async (index) => {
      checkIndex(index, places.length, spec.path);
      const { shard, sample } = places[index]!;
      const bytes = await pool.read(shard, sample);
      return { kind: "encoded", bytes, source: `${shard.path}, member ${sample.member}` };
    },
    close: () => pool.close(),
  };
}

export const webDataset = defineDataset<WebDatasetSpec>({
  kind: "webdataset",
  usage: "webdataset:data/train-{000000..000004}.tar.gz",
  takesPath: true,
  options: ["classes"],
  schema: z.strictObject({ path: z.string().min(1), classes: z.string().min(1).optional() }),
  open: openWebDataset,
});

interface Place {
  readonly shard: ShardIndex;
  readonly sample: ShardSample;
}

async function indexShards(paths: readonly string[]): Promise<ShardIndex[]> {
  const shards: ShardIndex[] = [];
  let budget = MAX_HELD_BYTES;
  for (const path of paths) {
    const shard = await indexShard(path, budget);
    budget -= shard.held?.length ?? 0;
    shards.push(shard);
  }
  return shards;
}

async function classNames(spec: WebDatasetSpec, firstShard: string): Promise<readonly string[] | null> {
  if (spec.classes !== undefined) return readClassList(spec.classes);
  const beside = join(dirname(firstShard), "classes.json");
  return existsSync(beside) ? readClassList(beside) : null;
}

function stem(path: string): string {
  return basename(path).replace(/\.(tar\.gz|tgz|tar)$/i, "");
}

function checkUnique(ids: readonly string[], path: string): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id))
      throw new DifftapError("DATA_REFUSED", `${path}: the sample ${id} is there twice`, {
        hint: "name each shard once; shards need different names",
      });
    seen.add(id);
  }
}

function openShards(): {
  read(shard: ShardIndex, sample: ShardSample): Promise<Uint8Array>;
  close(): Promise<void>;
} {
  const open = new Map<string, Promise<ByteSource>>();
  return {
    async read(shard, { offset, size }) {
      const kept = open.get(shard.path) ?? (open.size < OPEN_SHARDS ? shardSource(shard) : undefined);
      if (kept === undefined) return readOnce(shard, offset, size);
      open.set(shard.path, kept);
      kept.catch(() => open.delete(shard.path)); // what could not be opened now may be there later
      return (await kept).read(offset, size);
    },
    async close() {
      const sources = [...open.values()];
      open.clear();
      for (const source of sources) await (await source).close();
    },
  };
}

async function readOnce(shard: ShardIndex, offset: number, size: number): Promise<Uint8Array> {
  const source = await shardSource(shard);
  try {
    return await source.read(offset, size);
  } finally {
    await source.close();
  }
}
