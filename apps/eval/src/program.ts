/** difftap-eval: every command in one program. */
import type { Terminal } from "@difftap/command-line";
import { addCommand } from "@difftap/command-line";
import { Command } from "commander";
import { analyze } from "./commands/analyze.js";
import { detect } from "./commands/detect.js";
import { doctor } from "./commands/doctor.js";
import { features } from "./commands/features.js";
import { grid } from "./commands/grid.js";
import { head } from "./commands/head.js";
import { knn } from "./commands/knn.js";
import { probe } from "./commands/probe.js";
import { sample } from "./commands/sample.js";
import { segment } from "./commands/segment.js";
import { pointToSuite } from "./commands/suite.js";
import { taps } from "./commands/taps.js";
import { verify } from "./commands/verify.js";

/** The program with all its commands, writing to `terminal`. */
export function evalProgram(terminal: Terminal): Command {
  const program = new Command("difftap-eval").description(
    "Reads features out of diffusion models and measures them",
  );
  program.addHelpText("before", "Example:\n  difftap-eval grid --preset scenes --out runs/scenes\n");
  addCommand(program, taps, terminal);
  addCommand(program, features, terminal);
  addCommand(program, grid, terminal);
  addCommand(program, probe, terminal);
  addCommand(program, knn, terminal);
  addCommand(program, head, terminal);
  addCommand(program, detect, terminal);
  addCommand(program, segment, terminal);
  addCommand(program, analyze, terminal);
  addCommand(program, sample, terminal);
  addCommand(program, verify, terminal);
  addCommand(program, doctor, terminal);
  pointToSuite(program);
  return program;
}
