import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  DifftapError,
  type FileSystem,
  nodeFileSystem,
  TEMPORARY_SUFFIX,
  writeFileAtomic,
} from "../src/index.js";
import { crashingFileSystem, everyCall, type FaultCode, failingFileSystem } from "../src/testing.js";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "difftap-atomic-"));
  path = join(folder, "results.json");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const contentNow = () => readFile(path, "utf8").catch(() => undefined);
const OLD = "old ".repeat(50);
const NEW = "the new content ".repeat(100);
/** mkdir, open, write, sync, close, rename, open folder, sync folder, close folder. */
const CALLS = 9;
/** Calls up to and including the rename, which is when the new content becomes the file. */
const RENAME = 6;

describe("writeFileAtomic", () => {
  it("writes text and bytes, replacing what was there and making folders", async () => {
    await writeFileAtomic(path, OLD);
    await writeFileAtomic(path, NEW);
    expect(await contentNow()).toBe(NEW);
    const deep = join(folder, "a", "b", "c.bin");
    await writeFileAtomic(deep, Uint8Array.of(1, 2, 3));
    expect(new Uint8Array(await readFile(deep))).toEqual(Uint8Array.of(1, 2, 3));
    expect(await readdir(folder)).toEqual(["a", "results.json"]);
  });

  it("syncs the content before the rename and the folder after it", async () => {
    const rig = crashingFileSystem(100);
    await writeFileAtomic(path, NEW, { fileSystem: rig.fileSystem });
    expect(rig.calls.join(" ")).toBe("mkdir open write sync close rename open sync close");
  });

  it("lets writers of one file at once each write it whole", async () => {
    const contents = Array.from({ length: 20 }, (_, writer) => `${writer} `.repeat(1000));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    expect(contents).toContain(await contentNow());
    expect(await readdir(folder)).toEqual(["results.json"]);
  });

  it.each(["EINVAL", "ENOTSUP"])("accepts a system that answers %s to syncing a folder", async (code) => {
    const fileSystem = withFolderSync(() => Promise.reject(Object.assign(new Error(code), { code })));
    await writeFileAtomic(path, NEW, { fileSystem });
    expect(await contentNow()).toBe(NEW);
  });
});

describe("a crash at any call", () => {
  it.each(["nothing", "unsynced"] as const)(
    "that loses %s leaves the old content or the new",
    async (loses) => {
      const struck = await everyCall(
        (at) => crashingFileSystem(at, loses),
        async ({ fileSystem, expected }, at) => {
          await writeFile(path, OLD);
          await writeFileAtomic(path, NEW, { fileSystem }).catch(expected);
          expect(await contentNow(), `call ${at}`).toBe(at <= RENAME ? OLD : NEW);
        },
      );
      expect(struck).toBe(CALLS);
    },
  );

  it("leaves no file, or the new one, where there was none", async () => {
    await everyCall(crashingFileSystem, async ({ fileSystem, expected }, at) => {
      await rm(path, { force: true });
      await writeFileAtomic(path, NEW, { fileSystem }).catch(expected);
      expect(await contentNow(), `call ${at}`).toBe(at <= RENAME ? undefined : NEW);
    });
  });

  it("leaves behind nothing but temporary names that a clean-up can tell", async () => {
    await everyCall(crashingFileSystem, async ({ fileSystem, expected }) => {
      await writeFileAtomic(path, NEW, { fileSystem }).catch(expected);
    });
    const others = (await readdir(folder)).filter((name) => name !== "results.json");
    expect(others.length).toBeGreaterThan(0);
    expect(others.every((name) => name.endsWith(TEMPORARY_SUFFIX))).toBe(true);
  });
});

describe("the rig itself finds faulty writers", () => {
  const outcomes = async (write: (fileSystem: FileSystem) => Promise<void>) => {
    const seen = new Set<string | undefined>();
    await everyCall(crashingFileSystem, async ({ fileSystem, expected }) => {
      await writeFile(path, OLD);
      await write(fileSystem).catch(expected);
      seen.add(await contentNow());
    });
    seen.delete(OLD);
    seen.delete(NEW);
    return seen.size;
  };

  it("one that writes in place", async () => {
    const inPlace = async (fileSystem: FileSystem) => {
      const file = await fileSystem.open(path, "w");
      await file.writeFile(NEW);
      await file.sync();
      await file.close();
    };
    expect(await outcomes(inPlace)).toBeGreaterThan(0);
  });

  it("one that renames without syncing", async () => {
    const unsynced = async (fileSystem: FileSystem) => {
      const file = await fileSystem.open(`${path}.new`, "w");
      await file.writeFile(NEW);
      await file.close();
      await fileSystem.rename(`${path}.new`, path);
      await fileSystem.mkdir(folder, { recursive: true });
    };
    expect(await outcomes(unsynced)).toBeGreaterThan(0);
  });

  it("and lets an error that is not its own through", () => {
    const { expected } = crashingFileSystem(1);
    expect(() => expected(new TypeError("a fault of the writer"))).toThrow("a fault of the writer");
  });
});

describe("an error of the system at any call", () => {
  it.each<FaultCode>(["ENOSPC", "EIO", "EMFILE", "EACCES", "EROFS", "EDQUOT"])(
    "%s is WRITE_FAILED",
    async (code) => {
      const struck = await everyCall(
        (at) => failingFileSystem(at, code),
        async (rig, at) => {
          await writeFile(path, OLD);
          const error = await writeFileAtomic(path, NEW, { fileSystem: rig.fileSystem }).catch(
            (reason) => reason,
          );
          if (rig.struck) {
            expect(error, `call ${at}`).toBeInstanceOf(DifftapError);
            expect(error).toMatchObject({ code: "WRITE_FAILED", details: { path, errno: code } });
            expect(error.message).toContain(path);
            expect(error.hint).toMatch(/folder|disk|files are open|quota/);
            expect(error.cause).toMatchObject({ code });
          }
          expect(await contentNow(), `call ${at}`).toBe(at <= RENAME ? OLD : NEW);
          expect(await readdir(folder), `call ${at}`).toEqual(["results.json"]);
        },
      );
      expect(struck).toBe(CALLS);
    },
  );

  it("names the path and the reason for a folder that is a file, for real", async () => {
    await writeFile(path, OLD);
    const inside = join(path, "x.json");
    await expect(writeFileAtomic(inside, NEW)).rejects.toMatchObject({
      code: "WRITE_FAILED",
      message: expect.stringContaining(inside),
      hint: expect.stringMatching(/file, not a folder|folder of that name|check that the folder exists/),
    });
  });

  it("refuses to replace a folder and leaves nothing beside it, for real", async () => {
    await mkdir(join(path, "full"), { recursive: true });
    await expect(writeFileAtomic(path, NEW)).rejects.toMatchObject({ code: "WRITE_FAILED", exitCode: 1 });
    expect(await readdir(folder)).toEqual(["results.json"]);
  });
});

/** The real file system, with another answer to syncing what was opened for reading. */
function withFolderSync(sync: () => Promise<void>): FileSystem {
  return {
    ...nodeFileSystem,
    open: async (name, flags) => {
      const file = await nodeFileSystem.open(name, flags);
      if (flags !== "r") return file;
      return { writeFile: (content) => file.writeFile(content), sync, close: () => file.close() };
    },
  };
}
