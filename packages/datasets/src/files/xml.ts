/** XML as a tree of elements. Documents with a DOCTYPE are refused: entities are how XML attacks its readers. */
import { DifftapError, isDifftapError } from "@difftap/core";
import { SaxesParser } from "saxes";
import { MAX_XML_BYTES, MAX_XML_DEPTH } from "../limits.js";
import { decodeText, readWhole } from "./read-file.js";

export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Its own characters, without those of its children. */
  readonly text: string;
}

/** @throws DifftapError FILE_MISSING, READ_FAILED; DATA_REFUSED as `parseXml` does */
export async function readXml(path: string): Promise<XmlElement> {
  return parseXml(decodeText(await readWhole(path, MAX_XML_BYTES), path), path);
}

/** @throws DifftapError DATA_REFUSED for text that is not well-formed, has a DOCTYPE or nests too deep, with line and column */
export function parseXml(text: string, source: string): XmlElement {
  const root = growing("");
  const open = [root];
  const parser = new SaxesParser();
  const place = () => `${source}, line ${parser.line}, column ${parser.column}`;
  parser.on("doctype", () => {
    throw refused(`${place()}: a DOCTYPE`, "remove it: annotations need none");
  });
  parser.on("opentag", ({ name }) => {
    if (open.length > MAX_XML_DEPTH)
      throw refused(`${place()}: more than ${MAX_XML_DEPTH} elements inside one another`);
    const element = growing(name);
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on("closetag", () => void open.pop());
  const addText = (characters: string) => void open.at(-1)?.characters.push(characters);
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("error", ({ message }) => {
    throw refused(`${source} is not well-formed XML: ${message}`);
  });
  try {
    parser.write(text).close();
  } catch (error) {
    // A character that XML does not allow makes the parser fail in its own words.
    throw isDifftapError(error) ? error : refused(`${place()}: ${(error as Error).message}`);
  }
  return root.children[0]!;
}

/** The only child of that name; undefined when there is none. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

interface GrowingElement {
  readonly name: string;
  readonly children: GrowingElement[];
  readonly characters: string[];
  readonly text: string;
}

function growing(name: string): GrowingElement {
  const characters: string[] = [];
  return {
    name,
    children: [],
    characters,
    get text() {
      return characters.join("");
    },
  };
}

function refused(message: string, hint = "copy or download the file again"): DifftapError {
  return new DifftapError("DATA_REFUSED", message, { hint });
}
