/** What of an HTML part a reader sees, roughly. A letter is hostile: each takes the text in one pass, whatever in it opens and never closes. */

/** Every stretch from a match of `open` to the next end that `close` finds becomes a space; what never closes stays. */
function without(html: string, open: RegExp, close: (name: string) => RegExp): string {
  const ends = new Map<string, { readonly search: RegExp; start: number; end: number }>()
  const kept: string[] = []
  let from = 0
  for (let match = open.exec(html); match !== null; match = open.exec(html)) {
    const name = (match[1] ?? '').toLowerCase()
    const next = ends.get(name) ?? { search: close(name), start: -1, end: -1 }
    ends.set(name, next)
    if (next.start < open.lastIndex) {
      next.search.lastIndex = open.lastIndex
      const found = next.search.exec(html)
      next.start = found?.index ?? Number.POSITIVE_INFINITY
      next.end = next.search.lastIndex
    }
    if (next.start === Number.POSITIVE_INFINITY) continue
    kept.push(html.slice(from, match.index))
    from = next.end
    open.lastIndex = from
  }
  return [...kept, html.slice(from)].join(' ')
}

/** Elements with all that is in them: `/<(style|script)\b[\s\S]*?<\/\1>/gi`. */
export const withoutElements = (html: string, ...names: readonly string[]): string =>
  without(html, new RegExp(String.raw`<(${names.join('|')})\b`, 'gi'), (name) => new RegExp(`</${name}>`, 'gi'))
/** `/<!--[\s\S]*?-->/g`. */
export const withoutComments = (html: string): string => without(html, /<!--/g, () => /-->/g)
