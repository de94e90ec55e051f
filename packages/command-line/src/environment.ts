/** What a number was measured on: versions, processor, commit. */
import { execFileSync } from "node:child_process";
import { arch, cpus, platform, totalmem } from "node:os";

export interface Environment {
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly commit: string | null;
  readonly versions: Readonly<Record<string, string>>;
}

/** Describes this machine; `versions` are those of the packages that did the work. */
export function describeEnvironment(versions: Readonly<Record<string, string>>): Environment {
  return {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    commit: gitCommit(),
    versions,
  };
}

/** The commit of the working folder, null outside a repository or without git. */
function gitCommit(): string | null {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}
