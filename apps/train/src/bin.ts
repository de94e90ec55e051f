#!/usr/bin/env node
import { processTerminal, runCommand } from "@difftap/command-line";
import { trainProgram } from "./program.js";

const terminal = processTerminal();
process.exitCode = await runCommand(trainProgram(terminal), process.argv.slice(2), terminal);
