/** security.txt (RFC 9116 §2): fields of a text file, lines `Name: value`, comments, an optional OpenPGP clear-text signature around it. */

export interface SecurityTxt {
  /** Lower-case names, values trimmed, in order. */
  readonly fields: readonly { readonly name: string; readonly value: string }[]
  readonly signed: boolean
  /** Lines that are neither field, comment nor blank, at most ten. */
  readonly rubbish: readonly string[]
}

const MOST_LINES = 2_000
const FIELD = /^([A-Za-z][A-Za-z0-9-]{0,63})[ \t]*:[ \t]*(?![ \t])(.*)$/

/** Never throws; text that is no security.txt has no fields. */
export function readSecurityTxt(text: string): SecurityTxt {
  const all = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .slice(0, MOST_LINES)
  const begin = all.findIndex((line) => line.trim() === '-----BEGIN PGP SIGNED MESSAGE-----')
  const end = all.findIndex((line) => line.trim() === '-----BEGIN PGP SIGNATURE-----')
  const signed = begin >= 0 && end > begin
  // The armour's own headers (Hash: …) end at the first blank line (RFC 4880 §7).
  const blank = signed ? all.findIndex((line, index) => index > begin && line.trim() === '') : -1
  const lines = signed && blank > 0 ? all.slice(blank + 1, end) : all
  const fields: { name: string; value: string }[] = []
  const rubbish: string[] = []
  for (const raw of lines) {
    const line = signed ? raw.replace(/^- /, '') : raw
    if (line.trim() === '' || line.startsWith('#')) continue
    const match = FIELD.exec(line.trimEnd())
    if (match === null) {
      if (rubbish.length < 10) rubbish.push(line.slice(0, 120))
    } else fields.push({ name: (match[1] as string).toLowerCase(), value: (match[2] as string).trim() })
  }
  return { fields, signed, rubbish }
}

/** RFC 3339 date and time, the only form that Expires may have (RFC 9116 §2.5.5); milliseconds since 1970, undefined for anything else. */
export function readExpires(text: string): number | undefined {
  if (
    !/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/.test(
      text,
    )
  )
    return undefined
  const at = Date.parse(text.toUpperCase().replace(/:60/, ':59'))
  return Number.isNaN(at) ? undefined : at
}
