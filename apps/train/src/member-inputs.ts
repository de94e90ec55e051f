/** What the heads of a run are fed, before any of them is built. */
import { type HeadNetwork, type HeadTap, headInputs, loadHead } from "@difftap/heads";
import { groupsOf, tapsOf } from "./member-taps.js";
import { headsOf } from "./one-head.js";
import { jsonObject } from "./setting-values.js";
import type { HeadSettings } from "./settings.js";

/** Whether a head of the run needs the network itself. */
export async function feedsBack(settings: HeadSettings): Promise<boolean> {
  const definitions = await Promise.all(headsOf(settings).map(({ head }) => loadHead(head)));
  return definitions.some(({ inputs }) => inputs !== undefined);
}

/** Each input once. @throws DifftapError as `loadHead` and `headInputs`, REQUEST_INVALID for a tap that is not read. */
export async function memberInputs(
  settings: HeadSettings,
  { taps, network }: { readonly taps: readonly HeadTap[]; readonly network: HeadNetwork | undefined },
): Promise<HeadTap[]> {
  const inputs = new Map<string, HeadTap>();
  for (const one of headsOf(settings)) {
    const definition = await loadHead(one.head);
    const spec = jsonObject("spec", one.spec);
    for (const group of groupsOf(one, tapsOf(one, taps))) {
      const request = { head: definition.name, spec, taps: group, network };
      for (const input of headInputs(request, [definition])) inputs.set(input.name, input);
    }
  }
  return [...inputs.values()];
}
