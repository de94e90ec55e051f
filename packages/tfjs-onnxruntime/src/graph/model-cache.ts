/**
 * Knows graphs again. A graph is compiled once per signature; its numbers are constants in it until one is seen to change, from then on
 * that one is fed. The least recently used graphs go when all together take too much.
 */
import { emitModel } from "./emit.js";
import { type GraphPlan, type NumberSlot, peakBytes } from "./plan.js";

export interface KnownModel {
  /** Names the session in the runtime. */
  readonly session: number;
  /** Places of the numbers that are fed. */
  readonly fed: readonly number[];
  /** Present the first time: what the session is made from. */
  readonly model: Uint8Array | undefined;
}

interface Entry {
  session: number;
  readonly fed: Set<number>;
  numbers: readonly NumberSlot[];
  readonly bytes: number;
}

export class ModelCache {
  /** In order of use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  #bytes = 0;
  #sessions = 0;
  #dropped: number[] = [];

  /** @param limit bytes that all graphs together may need beside their inputs and outputs. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The session of a plan; a new one where there is none yet, or where a number has changed for the first time. */
  find(plan: GraphPlan): KnownModel {
    const entry = this.#entries.get(plan.signature);
    if (entry === undefined) return this.#add(plan);
    this.#entries.delete(plan.signature);
    this.#entries.set(plan.signature, entry);
    const changed = plan.numbers.flatMap(({ number }, place) =>
      entry.fed.has(place) || Object.is(number, entry.numbers[place]!.number) ? [] : [place],
    );
    if (changed.length === 0) return { session: entry.session, fed: [...entry.fed], model: undefined };
    for (const place of changed) entry.fed.add(place);
    this.#dropped.push(entry.session);
    entry.numbers = plan.numbers;
    entry.session = this.#newSession();
    return { session: entry.session, fed: [...entry.fed], model: emitModel(plan, entry.fed) };
  }

  /** Sessions that are needed no longer, once. */
  takeDropped(): number[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  #add(plan: GraphPlan): KnownModel {
    const fed = new Set<number>();
    const model = emitModel(plan, fed);
    const bytes = peakBytes(plan) + model.byteLength;
    const entry: Entry = { session: this.#newSession(), fed, numbers: plan.numbers, bytes };
    this.#bytes += bytes;
    this.#makeRoom();
    this.#entries.set(plan.signature, entry);
    return { session: entry.session, fed: [], model };
  }

  #makeRoom(): void {
    for (const [signature, { session, bytes }] of this.#entries) {
      if (this.#bytes <= this.#limit) return;
      this.#entries.delete(signature);
      this.#bytes -= bytes;
      this.#dropped.push(session);
    }
  }

  #newSession(): number {
    this.#sessions += 1;
    return this.#sessions;
  }
}
