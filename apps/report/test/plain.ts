/** What a reader without pictures gets, on one line; spaces that do not break as plain ones. */
export const text = (markup: string): string =>
  plain(
    markup
      .replace(/<style>.*?<\/style>/s, "")
      .replace(/<svg.*?<\/svg>/gs, "")
      .replace(/<[^>]*>/g, " "),
  ).replace(/\s+/g, " ");

export const plain = (words: string): string => words.replace(/[\u00A0\u202F]/g, " ");
