/**
 * The start tags of an HTML document in their order, read as a browser's tokenizer does (HTML Living Standard §13.2.5) as far as attributes go:
 * comments, raw text (script, style, noscript…) and escapable text (title, textarea) hide what looks like markup inside them.
 */

export interface StartTag {
  /** Lower case. */
  readonly name: string
  /** Lower-case names; the first of duplicates counts, as in browsers. Character references resolved; no value is the empty string. */
  readonly attributes: ReadonlyMap<string, string>
  /** For script and style: the text inside, at most 64 KiB. */
  readonly text?: string
}

/** A document this long or this full of tags is cut: what is beyond is not judged. */
const MOST_CHARACTERS = 2_000_000
const MOST_TAGS = 20_000
const MOST_TEXT = 65_536

/** With scripting on, noscript is raw text too: what it holds is not loaded. */
const RAW: ReadonlySet<string> = new Set(['script', 'style', 'noscript', 'iframe', 'noembed', 'noframes', 'xmp', 'title', 'textarea'])
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', colon: ':', sol: '/', period: '.' }

const decodeReferences = (value: string): string =>
  value.includes('&')
    ? value.replace(
        /&(?:#x([0-9a-f]{1,6});?|#([0-9]{1,7});?|([a-z]+);)/gi,
        (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
          if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole
          const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
          return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\ufffd'
        },
      )
    : value

const TAG_NAME = /[a-zA-Z][^\t\n\f\r />]*/y
/** Name, then optionally a value in double quotes, single quotes or none (§13.2.5.32-38). */
const ATTRIBUTE = /[\t\n\f\r /]*([^\t\n\f\r />=][^\t\n\f\r />=]*)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r >]*)))?/y
const COMMENT_END = /--!?>/g
const REST = /[\t\n\f\r /=]*/y

/**
 * Never throws. `cut` says that the document was longer than what was read.
 * @param html the whole document as text
 */
export function readStartTags(html: string): { readonly tags: readonly StartTag[]; readonly cut: boolean } {
  const text = html.length > MOST_CHARACTERS ? html.slice(0, MOST_CHARACTERS) : html
  // Of ASCII alone (§4.6 of Infra): each letter stays where it is, which `İ` would not.
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const tags: StartTag[] = []
  let index = 0
  while (tags.length < MOST_TAGS) {
    const open = text.indexOf('<', index)
    if (open < 0) return { tags, cut: html.length > MOST_CHARACTERS }
    if (text.startsWith('<!--', open)) {
      // `<!-->` and `<!--->` end at once (§13.2.5.43).
      const abrupt = /^<!--(?:>|->)/.exec(text.slice(open, open + 6))
      const end = abrupt === null ? commentEnd(text, open + 4) : open + abrupt[0].length
      if (end < 0) return { tags, cut: false }
      index = end
      continue
    }
    const next = text[open + 1]
    if (next === '!' || next === '?' || next === '/') {
      const end = text.indexOf('>', open)
      if (end < 0) return { tags, cut: false }
      index = end + 1
      continue
    }
    TAG_NAME.lastIndex = open + 1
    const named = TAG_NAME.exec(text)
    if (named === null) {
      index = open + 1
      continue
    }
    const name = named[0].toLowerCase()
    const attributes = new Map<string, string>()
    let at = TAG_NAME.lastIndex
    for (;;) {
      ATTRIBUTE.lastIndex = at
      const found = ATTRIBUTE.exec(text)
      if (found === null) break
      at = ATTRIBUTE.lastIndex
      const key = (found[1] as string).toLowerCase()
      if (!attributes.has(key)) attributes.set(key, decodeReferences(found[2] ?? found[3] ?? found[4] ?? ''))
    }
    REST.lastIndex = at
    REST.exec(text)
    at = REST.lastIndex
    if (at >= text.length) return { tags, cut: html.length > MOST_CHARACTERS }
    index = text[at] === '>' ? at + 1 : at
    if (RAW.has(name)) {
      const end = closing(lower, name, index)
      const stop = end < 0 ? text.length : end
      tags.push(name === 'script' || name === 'style' ? { name, attributes, text: text.slice(index, Math.min(stop, index + MOST_TEXT)) } : { name, attributes })
      index = stop
    } else tags.push({ name, attributes })
  }
  return { tags, cut: true }
}

/** Behind `-->` or `--!>` (§13.2.5.50, §13.2.5.51). */
function commentEnd(text: string, from: number): number {
  COMMENT_END.lastIndex = from
  return COMMENT_END.test(text) ? COMMENT_END.lastIndex : -1
}

/** Where `</name` closes raw text: only before white space, `/` or `>`. */
function closing(lower: string, name: string, from: number): number {
  for (let at = lower.indexOf(`</${name}`, from); at >= 0; at = lower.indexOf(`</${name}`, at + 2)) {
    if (/[\t\n\f\r />]/.test(lower[at + 2 + name.length] ?? '>')) return at
  }
  return -1
}
