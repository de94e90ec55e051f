/** The elements of a COCO file's lists, one after another, without the whole ever being in memory. */
import { DifftapError, isDifftapError } from "@difftap/core";
import { Tokenizer, TokenParser, TokenType } from "@streamparser/json";
import { MAX_JSON_DEPTH } from "../limits.js";

export interface JsonElement {
  /** The list it is in. */
  readonly section: string;
  readonly value: unknown;
  /** Bytes from the beginning of the file; only for objects. */
  readonly start: number;
  readonly length: number;
}

/** A byte order mark is three bytes, which the tokenizer's offsets do not count. */
const MARK = 0xef;
const MARK_BYTES = 3;

/** An element of a list of the outermost object lies inside two others. */
const ELEMENT_DEPTH = 3;

/**
 * Calls `visit` with every element of the lists named `sections` in the outermost object.
 * @throws DifftapError DATA_REFUSED for text that is not JSON, or ends within; what `visit` and `chunks` throw
 */
export async function visitElements(
  chunks: AsyncIterable<Uint8Array>,
  { sections, source }: { readonly sections: readonly string[]; readonly source: string },
  visit: (element: JsonElement) => void,
): Promise<void> {
  const parser = new TokenParser({ paths: sections.map((section) => `$.${section}.*`), keepStack: false });
  const tokenizer = new Tokenizer();
  let [depth, start, end, bytes, mark] = [0, 0, 0, 0, 0];
  tokenizer.onToken = (token) => {
    if (token.token === TokenType.LEFT_BRACE || token.token === TokenType.LEFT_BRACKET) {
      if (++depth > MAX_JSON_DEPTH)
        throw refused(`${source} nests deeper than ${MAX_JSON_DEPTH} at byte ${token.offset}`);
      if (depth === ELEMENT_DEPTH) start = mark + token.offset;
    } else if (token.token === TokenType.RIGHT_BRACE || token.token === TokenType.RIGHT_BRACKET) {
      if (depth-- === ELEMENT_DEPTH) end = mark + token.offset + 1;
    }
    parser.write(token);
  };
  parser.onValue = ({ value, stack }) => {
    visit({ section: String(stack[1]?.key), value, start, length: end - start });
  };
  for await (const chunk of chunks) {
    if (bytes === 0 && chunk[0] === MARK) mark = MARK_BYTES;
    inJson(source, () => tokenizer.write(chunk));
    bytes += chunk.length;
  }
  if (!parser.isEnded) throw refused(`${source} ends at byte ${bytes}, in the middle of its JSON`);
}

function inJson(source: string, parse: () => void): void {
  try {
    parse();
  } catch (error) {
    throw isDifftapError(error)
      ? error
      : refused(`${source} is not JSON: ${(error as Error).message}`, error);
  }
}

function refused(message: string, cause?: unknown): DifftapError {
  return new DifftapError("DATA_REFUSED", message, {
    hint: "copy or download the file again",
    ...(cause !== undefined && { cause }),
  });
}
