/** How long to train, of the three ways to say it. */
import { DifftapError } from "@difftap/core";
import type { Duration } from "@difftap/trainer";

/**
 * The one that was given; undefined where none was.
 * @param amounts by unit, in the order that messages name them
 * @throws DifftapError CONFIG_INVALID naming those that were given, where they are several.
 */
export function givenDuration(amounts: Readonly<Record<string, number | undefined>>): Duration | undefined {
  const given = Object.entries(amounts).filter(([, amount]) => amount !== undefined);
  if (given.length === 0) return undefined;
  if (given.length === 1) return Object.fromEntries(given) as unknown as Duration;
  const names = given.map(([name]) => name).join(" and ");
  throw new DifftapError("CONFIG_INVALID", `the duration is given as ${names}`, {
    hint: oneOf(amounts),
  });
}

/** What to do about none or several. */
export function oneOf(amounts: Readonly<Record<string, unknown>>): string {
  return `one of ${Object.keys(amounts)
    .map((name) => `--${name}`)
    .join(", ")}`;
}
