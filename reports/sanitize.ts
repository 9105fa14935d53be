/** Bytes of the target made harmless to look at: nothing that steers a terminal, turns a line round, or is not a character at all. */

// C0 (but tab and newline become visible too), C1, DEL, bidi controls, zero-width and line separators, byte-order mark, lone surrogates, tags.
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\u{e0001}|[\u{e0020}-\u{e007f}]/gu

/** Most texts by far: no character in them has to be looked at by itself. */
const PLAIN = /^[ -~]*$/

/** Longest text that goes into a report, in UTF-16 units. */
const MAX_TEXT = 4_000

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e', '\u0000': '\\0' }

/** Makes every unsafe character visible as an escape (`\n`, `\e`, `\u{202e}`) and cuts what is too long, saying so. */
export function visible(text: string): string {
  if (text.length <= MAX_TEXT && PLAIN.test(text)) return text
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text
  return cut.replaceAll(UNSAFE, (character) => NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** One line of JSON that is safe to print: what steers a terminal stands as a JSON escape, so a reader of the line gets the text as it was. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, (character) =>
    [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** Plain data with every text in it cleaned. */
export const cleaned = <T>(value: T, text: (value: string) => string): T =>
  JSON.parse(JSON.stringify(value), (_key, one: unknown) => (typeof one === 'string' ? text(one) : one)) as T
