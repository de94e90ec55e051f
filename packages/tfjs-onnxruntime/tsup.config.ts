import { preset } from "@difftap/tsup-preset";

// The worker is an entry of its own beside index: its thread is started from the file.
export default preset(["src/index.ts", "src/worker.ts"]);
