/** Who looks for suites here is told where they are. */
import { memoryTerminal, runCommand } from "@difftap/command-line";
import { Command } from "commander";
import { expect, test } from "vitest";
import { pointToSuite } from "../src/commands/suite.js";

test("difftap-eval suite names difftap-train suite, whatever it is given", async () => {
  const terminal = memoryTerminal();
  const program = new Command("difftap-eval");
  pointToSuite(program);
  const code = await runCommand(program, ["suite", "--preset", "fgvc", "more"], terminal);
  expect([code, terminal.written.notes]).toEqual([
    2,
    [
      'error difftap-eval has no command "suite" [USAGE_INVALID]',
      "hint  suites run the commands of both programs: difftap-train suite",
    ],
  ]);
  expect(program.helpInformation()).not.toContain("suite");
});
