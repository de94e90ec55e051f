import { preset } from "@difftap/tsup-preset";

export default preset(["src/index.ts", "src/testing.ts"]);
