/** The command line of difftap-report. */
import { type Terminal, textTable } from "@difftap/command-line";
import { writeFileAtomic } from "@difftap/core";
import { type RunFolder, readRunFolder } from "@difftap/run-folder";
import { Command } from "commander";
import { writeFigures } from "./figures.js";
import { describeFinding, type Finding } from "./finding.js";
import { renderReport } from "./page.js";

interface Flags {
  readonly out: string;
  readonly title?: string;
  readonly figures?: boolean;
  readonly json?: boolean;
}

/** The program; it writes data and notes to `terminal` only. */
export function reportProgram(terminal: Terminal): Command {
  return new Command("difftap-report")
    .description("One self-contained HTML page out of run folders.")
    .addHelpText("before", "Example:\n  difftap-report runs/grid --out report.html\n")
    .argument("<run...>", "run folders, as difftap-eval and difftap-train write them")
    .option("--out <file>", "the page to write", "report.html")
    .option("--title <text>", "heading of the page (default: the title of the run)")
    .option("--figures", "also write figures/*.svg into each run folder, light and dark")
    .option("--json", "print what was written and found as JSON")
    .action((paths: string[], flags: Flags) => report(paths, flags, terminal));
}

async function report(paths: readonly string[], flags: Flags, terminal: Terminal): Promise<void> {
  const runs: RunFolder[] = [];
  for (const path of paths) runs.push(await readRunFolder(path));
  const figures = flags.figures ? (await Promise.all(runs.map(writeFigures))).flat() : [];
  await writeFileAtomic(flags.out, renderReport(runs, { title: flags.title }));
  const found = runs.map(({ path, results }) => ({
    path,
    title: results.title,
    ...plainFinding(describeFinding(results)),
  }));
  if (flags.json) {
    terminal.data(`${JSON.stringify({ report: flags.out, figures, runs: found })}\n`);
    return;
  }
  terminal.note(
    textTable(
      ["run", "finding"],
      found.map(({ title, headline }) => [title, headline]),
    ).trimEnd(),
  );
  terminal.data(`${[flags.out, ...figures].join("\n")}\n`);
}

/** Terminals and programs get plain spaces where the page has unbreakable ones. */
function plainFinding({ headline, details }: Finding): Finding {
  const plain = (text: string) => text.replace(/[\u00A0\u202F]/g, " ");
  return { headline: plain(headline), details: details.map(plain) };
}
