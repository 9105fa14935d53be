/**
 * A `.env` file as Docker Compose and dotenv read it: NAME=value a line, `export` before it, comments, quotes that may go over lines. Names and whether
 * they have a value are kept; the values are not.
 */
export interface DotenvEntry {
  readonly name: string
  readonly line: number
  readonly empty: boolean
}
export type Dotenv = { readonly ok: true; readonly entries: readonly DotenvEntry[] } | { readonly ok: false; readonly error: string }

const MAX_CHARACTERS = 1024 * 1024
const START = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*(?![ \t])(.*)$/

/** The end of a quoted value: the quote, then nothing but a comment. undefined: it goes on. */
function closes(text: string, quote: string): 'here' | 'rubbish' | undefined {
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\' && quote === '"') at += 1
    else if (text[at] === quote) return /^[ \t]*(?:#.*)?$/.test(text.slice(at + 1)) ? 'here' : 'rubbish'
  }
  return undefined
}

export function readDotenv(text: string): Dotenv {
  if (text.length > MAX_CHARACTERS) return { ok: false, error: 'it is longer than 1 MiB' }
  if (text.includes('\0')) return { ok: false, error: 'it holds a NUL: it is no text' }
  const entries: DotenvEntry[] = []
  const seen = new Map<string, number>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] as string
    if (/^[ \t]*(?:#.*)?$/.test(line)) continue
    const number = index + 1
    const match = START.exec(line)
    if (match === null) return { ok: false, error: `line ${number} is no NAME=value` }
    const name = match[1] as string
    const value = match[2] as string
    const quote = value[0] === '"' || value[0] === "'" ? value[0] : undefined
    let empty = /^(?:#.*)?$/.test(value.trim())
    if (quote !== undefined) {
      let rest = value.slice(1)
      empty = rest.startsWith(quote)
      let end = closes(rest, quote)
      while (end === undefined && index + 1 < lines.length) {
        index += 1
        rest = lines[index] as string
        end = closes(rest, quote)
      }
      if (end === undefined) return { ok: false, error: `the quotes of ${name} in line ${number} are never closed` }
      if (end === 'rubbish') return { ok: false, error: `after the quotes of ${name} in line ${number} stands more` }
    }
    const before = seen.get(name)
    if (before !== undefined) return { ok: false, error: `${name} stands in line ${before} and in line ${number}` }
    seen.set(name, number)
    entries.push({ name, line: number, empty })
  }
  return entries.length === 0 ? { ok: false, error: 'it sets nothing' } : { ok: true, entries }
}
