/**
 * What a regular expression does in quadratic time on a hostile text, in one pass.
 *
 * `/=+$/` tries again at every `=` of a run that is not at the end, and `/A[\s\S]*B/` reads to the end of the text behind every A. A body of some hundred kilobytes
 * made for it stops the process, and no deadline fires meanwhile.
 */

/** The text without the characters of `characters` at its end: `text.replace(/[characters]+$/, '')`. */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}

/** The text without blanks at its beginning and end, of which a standard names its own; `trim` takes more, such as a no-break space. */
export function withoutBlanks(text: string, blanks = ' \t'): string {
  let start = 0
  while (start < text.length && blanks.includes(text.charAt(start))) start += 1
  return withoutTrailing(text.slice(start), blanks)
}

/** The tags of HTML taken out, `text.replace(/<[^>]*>/g, by)`: a `<` that nothing closes is looked behind once, since none behind it is closed either. */
export const withoutTags = (html: string, by: string): string => html.replace(/<[^>]*(?:>|$)/g, (tag) => (tag.endsWith('>') ? by : tag))

/** Start tags of a name as they stand there, `/<name\b[^>]*>/gi`; a quoted `>` ends a tag like any other. */
export const tagsOf = (html: string, name: string): readonly string[] =>
  [...html.matchAll(new RegExp(`<${name}\\b[^>]*(?:>|$)`, 'gi'))].map(([tag]) => tag).filter((tag) => tag.endsWith('>'))

/**
 * Whether the patterns match one behind the other: `/A[\s\S]*B/.test(text)` is `inOrder(text, /A/, /B/)`. Each takes its first match behind the one before, which is
 * enough as long as no pattern can end on what the next begins with: whatever lies behind a later match lies behind the first. The patterns carry neither `g` nor `y`.
 */
export function inOrder(text: string, ...patterns: readonly RegExp[]): boolean {
  let from = 0
  for (const pattern of patterns) {
    // Searched for from an index, not in what is left: anchors, `\b` and look-behinds see the whole text.
    const search = new RegExp(pattern.source, `${pattern.flags}g`)
    search.lastIndex = from
    if (!search.test(text)) return false
    from = search.lastIndex
  }
  return true
}
