import { preset } from "@difftap/tsup-preset";

export default preset();
