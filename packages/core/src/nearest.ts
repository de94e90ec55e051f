/** "Did you mean": the known word closest to an unknown one. */
import { distance } from "fastest-levenshtein";

/** The candidate with the smallest edit distance to `word`; undefined only when there are no candidates. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const ranked = [...candidates].map((candidate) => ({
    candidate,
    edits: distance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  return ranked.sort((a, b) => a.edits - b.edits)[0]?.candidate;
}
