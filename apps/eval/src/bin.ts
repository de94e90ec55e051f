#!/usr/bin/env node
import { processTerminal, runCommand } from "@difftap/command-line";
import { evalProgram } from "./program.js";

const terminal = processTerminal();
process.exitCode = await runCommand(evalProgram(terminal), process.argv.slice(2), terminal);
