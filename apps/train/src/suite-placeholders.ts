/** `${name}` in the settings of a suite. */
import { DifftapError, nearest } from "@difftap/core";

/** What names stand for. */
export type Values = Readonly<Record<string, unknown>>;

/** Where a job writes; it is filled in when the job starts, so that a suite's folder may be moved. */
export const OUT = "$" + "{out}";

const ANY = /\$\{([^}]*)\}/g;

/**
 * The same value with every `${name}` replaced, in texts at any depth. A text that is one placeholder becomes the value itself, others
 * hold it as text.
 * @throws DifftapError CONFIG_INVALID for a name that stands for nothing, at `where`.
 */
export function fillIn<T>(value: T, values: Values, where: string): T {
  return filled(value, values, where) as T;
}

function filled(value: unknown, values: Values, where: string): unknown {
  if (typeof value === "string") return filledText(value, values, where);
  if (Array.isArray(value)) return value.map((entry) => filled(entry, values, where));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, filled(entry, values, where)]));
}

function filledText(text: string, values: Values, where: string): unknown {
  const [whole, name] = /^\$\{([^}]*)\}$/.exec(text) ?? [];
  if (whole !== undefined) return standsFor(name!, values, where);
  return text.replace(ANY, (_, inner: string) => String(standsFor(inner, values, where)));
}

function standsFor(name: string, values: Values, where: string): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value !== undefined) return value;
  const names = Object.keys(values);
  const hint = Object.hasOwn(values, name)
    ? `give --${name}`
    : `did you mean "${nearest(name, names)}"? It may say ${names.join(", ")}`;
  throw new DifftapError("CONFIG_INVALID", `${where}: nothing is known for $\{${name}}`, {
    hint,
    details: { name },
  });
}

/** The names that occur in a value. */
export function namesIn(value: unknown): Set<string> {
  return new Set([...JSON.stringify(value).matchAll(ANY)].map(([, name]) => name!));
}
