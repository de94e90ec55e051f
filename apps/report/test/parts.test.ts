import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { axisTicks } from "../src/axis-ticks.js";
import { cellColour, shareOf } from "../src/colour-scale.js";
import { escapeMarkup, html } from "../src/html.js";
import { duration, figures, measured, onePlace, range } from "../src/numbers.js";

describe("markup", () => {
  it("escapes text, keeps markup, prints nothing for what is absent", () => {
    expect(
      html`<a title="${`"'<>&`}">${html`<b>${"<"}</b>`}${null}${undefined}${false}${[1, "&"]}</a>`.markup,
    ).toBe(`<a title="&quot;&#39;&lt;&gt;&amp;"><b>&lt;</b>1&amp;</a>`);
  });

  it("leaves no character that opens markup or that XML forbids", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = escapeMarkup(text);
        expect(escaped).not.toMatch(/[<>"']/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(escaped).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
      }),
    );
  });
});

describe("numbers", () => {
  it("rounds halves away from zero although their doubles lie below", () => {
    expect([57.65, 57.55, 44.05, 0, 100, -1.25].map(onePlace)).toEqual([
      "57.7",
      "57.6",
      "44.1",
      "0.0",
      "100.0",
      "-1.3",
    ]);
  });

  it("prints units, ranges, small numbers and durations", () => {
    expect(measured(57.65, "%")).toBe("57.7\u202F%");
    expect(measured(123.456, "images/s")).toBe("123.5\u202Fimages/s");
    expect(range([56.1, 59.2], "%")).toBe("56.1–59.2");
    expect(figures(0.000012)).toBe("1.2e−5");
    expect(figures(0.0008)).toBe("8e−4");
    expect([12.5, 75, 3720].map(duration)).toEqual(["12.5 s", "1 min 15 s", "1 h 2 min"]);
  });
});

describe("the colour scale", () => {
  const luminance = (colour: string) => {
    const channel = (at: number) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2;
    return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  };
  const shares = Array.from({ length: 101 }, (_, index) => index / 100);

  it("gets lighter at every step, so it reads in grey", () => {
    const lights = shares.map((share) => luminance(cellColour(share).fill));
    for (let index = 1; index < lights.length; index++)
      expect(lights[index]).toBeGreaterThan(lights[index - 1]!);
  });

  it("writes on every colour with a contrast of at least 4.5", () => {
    for (const share of shares) {
      const { fill, text } = cellColour(share);
      const [light, dark] = [luminance(fill), text === "#fff" ? 1 : 0].sort((a, b) => b - a) as [
        number,
        number,
      ];
      expect((light + 0.05) / (dark + 0.05)).toBeGreaterThan(4.5);
    }
  });

  it("takes the middle when all values are one", () => {
    expect(shareOf(5, [5, 5])).toBe(0.5);
  });
});

describe("axis ticks", () => {
  it("are round and cover the values", () => {
    expect(axisTicks(33.6, 59.2)).toEqual([30, 40, 50, 60]);
    expect(axisTicks(0, 0.04)).toEqual([0, 0.01, 0.02, 0.03, 0.04]);
  });

  it("cover any range with a handful", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
        (low, width) => {
          const ticks = axisTicks(low, low + width);
          const slack = Math.max(width * 1e-6, Math.abs(low) * 1e-11);
          expect(ticks.length).toBeLessThan(14);
          expect(ticks[0]).toBeLessThanOrEqual(low + slack);
          expect(ticks.at(-1)).toBeGreaterThanOrEqual(low + width - slack);
        },
      ),
    );
  });

  it("work for a single value", () => {
    const ticks = axisTicks(2, 2);
    expect(ticks[0]).toBeLessThan(2);
    expect(ticks.at(-1)).toBeGreaterThan(2);
  });
});
