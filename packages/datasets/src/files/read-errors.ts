/** Operating system errors in difftap's words. */
import { DifftapError } from "@difftap/core";

const missing = new Set(["ENOENT", "ENOTDIR"]);

/** FILE_MISSING when nothing lies at `path`, READ_FAILED for everything else the system says. */
export function readError(path: string, cause: unknown, hint?: string): DifftapError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "unknown error";
  if (missing.has(code)) {
    return new DifftapError("FILE_MISSING", `${path} does not exist`, {
      hint: hint ?? "check the path; relative paths start at the current folder",
      details: { path },
      cause,
    });
  }
  return new DifftapError("READ_FAILED", `cannot read ${path}: ${code}`, {
    hint:
      code === "EACCES"
        ? "the file's permissions forbid reading"
        : "try again; if it persists the disk may be damaged",
    details: { path, code },
    cause,
  });
}

/** Runs a file system call; its errors come out as DifftapErrors that name `path`. */
export async function reading<T>(path: string, call: () => Promise<T>, hint?: string): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof DifftapError ? error : readError(path, error, hint);
  }
}
