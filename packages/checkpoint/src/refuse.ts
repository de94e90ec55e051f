/** The errors this package throws, always with the file's name in front. */
import { DifftapError, nearest } from "@difftap/core";

/** A malformed, hostile or damaged checkpoint: `reason` says what, where and which value. */
export function refusal(path: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("CHECKPOINT_REFUSED", `${path}: ${reason}`, {
    hint: "download the file again and compare its sha256, or save it again with torch.save(model.state_dict(), …) or safetensors",
    details: { path, reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A legal checkpoint holding something this package does not read. */
export function unsupported(path: string, reason: string): DifftapError {
  return new DifftapError("UNSUPPORTED", `${path}: ${reason}`, {
    hint: "convert the tensor to float32, float16, bfloat16, an integer type or bool before saving",
    details: { path, reason },
  });
}

/** What the operating system said about opening or reading `path`. */
export function systemError(path: string, error: unknown): DifftapError {
  const code = (error as NodeJS.ErrnoException)?.code ?? "unknown error";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new DifftapError("FILE_MISSING", `${path}: no such file`, {
      hint: "check the path; published checkpoints have to be downloaded first",
      details: { path },
      cause: error,
    });
  }
  return new DifftapError("READ_FAILED", `${path}: cannot be read (${code})`, {
    hint: "check the permissions and the disk",
    details: { path, code },
    cause: error,
  });
}

/** A name out of a file, in quotes and never longer than a line. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** A name that the source does not hold, with the nearest that it does hold. */
export function unknownTensor(path: string, name: string, known: Iterable<string>): DifftapError {
  const names = [...known];
  const close = nearest(name, names);
  return new DifftapError("USAGE_INVALID", `${path}: no tensor is called ${quoted(name)}`, {
    hint:
      close === undefined
        ? "it holds no tensors"
        : `did you mean ${quoted(close)}? It holds ${names.length} tensors`,
    details: { path, name },
  });
}
