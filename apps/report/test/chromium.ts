/** A Chromium to open pages in: Debian's, or the one that DIFFTAP_CHROMIUM names. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = process.env.DIFFTAP_CHROMIUM ?? "/usr/bin/chromium";

export const chromiumMissing = !existsSync(executablePath);

/** A title of tests that says why they are skipped, where they are. */
export function inChromium(title: string): string {
  if (!chromiumMissing) return title;
  return `${title} (skipped: ${executablePath} is not there; DIFFTAP_CHROMIUM names another)`;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
