#!/usr/bin/env node
import { processTerminal, runCommand } from "@difftap/command-line";
import { reportProgram } from "./program.js";

const terminal = processTerminal();
process.exitCode = await runCommand(reportProgram(terminal), process.argv.slice(2), terminal);
