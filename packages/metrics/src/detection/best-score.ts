/** From which score on a detector says the most right things and the fewest wrong ones: where to cut for people to look at. */
import { type CategoryMatches, outcome } from "./match.js";

/**
 * Score from which detections have the best F1 = 2 right / (found + wanted) at an overlap of 0.50; of equal F1 the highest.
 * Null where no detection finds an object.
 */
export function bestScoreOf({ scores, bySize }: CategoryMatches): number | null {
  const { outcomes, wanted } = bySize.all;
  let [right, wrong, best] = [0, 0, 0];
  let score: number | null = null;
  for (let place = 0; place < scores.length; place++) {
    if (outcomes[place] === outcome.right) right += 1;
    if (outcomes[place] === outcome.wrong) wrong += 1;
    // Detections of one score stand or fall together.
    if (scores[place + 1] === scores[place]) continue;
    const f1 = (2 * right) / (right + wrong + wanted.length);
    if (f1 > best) [best, score] = [f1, scores[place]!];
  }
  return score;
}
