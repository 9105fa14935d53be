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
