/** `difftap-eval suite` is not here: it is looked for here, so it says where it is. */
import { DifftapError } from "@difftap/core";
import type { Command } from "commander";

/** Answers "suite", whatever follows it, with the command that there is; help does not list it. */
export function pointToSuite(program: Command): void {
  program
    .command("suite", { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new DifftapError("USAGE_INVALID", `difftap-eval has no command "suite"`, {
        hint: "suites run the commands of both programs: difftap-train suite",
      });
    });
}
