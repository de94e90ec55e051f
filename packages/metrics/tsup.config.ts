import { preset } from "@difftap/tsup-preset";

export default preset(["src/index.ts"], {
  entry: { index: "src/index.ts", "probe-worker": "src/probe/worker.ts" },
});
