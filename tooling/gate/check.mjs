/** `pnpm run check`: the checks without the tests. */
import { runChecks } from "./checks.mjs";

const { failed } = runChecks();
process.exit(failed === 0 ? 0 : 1);
