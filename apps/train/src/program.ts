/** difftap-train: every command in one program. */
import { addCommand, type Terminal } from "@difftap/command-line";
import { Command } from "commander";
import { backbone } from "./backbone.js";
import { detect } from "./detect.js";
import { finetune } from "./finetune.js";
import { head } from "./head.js";
import { segment } from "./segment.js";
import { suite } from "./suite.js";

/** The program with all its commands, writing to `terminal`. */
export function trainProgram(terminal: Terminal): Command {
  const program = new Command("difftap-train").description(
    "Trains heads on the features of diffusion models",
  );
  program.addHelpText(
    "before",
    "Example:\n  difftap-train head --train train.zarr --test test.zarr --out runs/linear\n",
  );
  addCommand(program, head, terminal);
  addCommand(program, backbone, terminal);
  addCommand(program, finetune, terminal);
  addCommand(program, detect, terminal);
  addCommand(program, segment, terminal);
  addCommand(program, suite(program), terminal);
  return program;
}
