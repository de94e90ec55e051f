import { preset } from "@difftap/tsup-preset";

// The worker is an entry of its own beside index: threads are started from its file.
export default preset(["src/index.ts", "src/session-worker.ts"]);
