/** The fixtures' tensors, read with nothing but JSON and typed arrays. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(
  process.env.DIFFTAP_FIXTURES ?? join(import.meta.dirname, "../../../../shared/fixtures"),
  "scheduler",
);

export const fixturesMissing = !existsSync(folder);

/** Put into titles, so that a skipped group says why. */
export const unlessMissing = fixturesMissing ? " (skipped: no fixtures, set DIFFTAP_FIXTURES)" : "";

export type Tensors = ReadonlyMap<string, Float64Array>;

export function readTensors(file: string): Tensors {
  const bytes = Uint8Array.from(readFileSync(join(folder, file))).buffer;
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true));
  const header: Record<string, { dtype: string; data_offsets: [number, number] }> = JSON.parse(
    new TextDecoder().decode(new Uint8Array(bytes, 8, start - 8)),
  );
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return new Map(
    entries.map(
      ([
        name,
        {
          dtype,
          data_offsets: [from, to],
        },
      ]) => {
        const part = bytes.slice(start + from, start + to);
        return [
          name,
          dtype === "I64" ? Float64Array.from(new BigInt64Array(part), Number) : new Float64Array(part),
        ];
      },
    ),
  );
}

export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8"));
}
