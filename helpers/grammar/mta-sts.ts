/** MTA-STS (RFC 8461): the record, the policy file, and which mail servers a policy means. */
import { withoutBlanks } from './linear.ts'

export type MtaStsRecord = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly error: string }
const MOST = 65_535

/** Texts that do not begin so are no records (§3.1). */
export const isMtaSts = (text: string): boolean => /^v=STSv1[ \t]*;/.test(text)

/** One record. Never throws. */
export function readMtaStsRecord(text: string): MtaStsRecord {
  if (!/^v=STSv1(?![^ \t;])/.test(text)) return { ok: false, error: 'does not begin with v=STSv1' }
  if (text.length > MOST) return { ok: false, error: `${text.length} characters` }
  const fields = text.split(';').slice(1)
  if (fields.at(-1)?.trim() === '') fields.pop()
  let id: string | undefined
  for (const field of fields) {
    const [, name = '', value = ''] = /^[ \t]*([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([\x21-\x3a\x3c\x3e-\x7e]+)[ \t]*$/.exec(field) ?? []
    if (name === '') return { ok: false, error: `${JSON.stringify(field.trim().slice(0, 60))} is no name=value` }
    if (name !== 'id') continue
    if (id !== undefined) return { ok: false, error: 'id stands there twice' }
    if (!/^[A-Za-z0-9]{1,32}$/.test(value)) return { ok: false, error: `the id ${JSON.stringify(value.slice(0, 60))} is not 1 to 32 letters and digits` }
    id = value
  }
  return id === undefined ? { ok: false, error: 'there is no id' } : { ok: true, id }
}

export interface MtaStsPolicy {
  readonly mode: 'enforce' | 'testing' | 'none'
  /** Seconds. */
  readonly maxAge: number
  /** Patterns, lower case. */
  readonly mx: readonly string[]
  /** Some line ends in LF alone (allowed by erratum 6253 of RFC 8461; some senders of old want CRLF). */
  readonly bareLf: boolean
  /** Names of fields nobody knows: ignored. */
  readonly unknown: readonly string[]
}
export type MtaStsReading = { readonly ok: true; readonly value: MtaStsPolicy } | { readonly ok: false; readonly error: string }

const HOST = /^(?:\*\.|[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

/** A policy file (§3.2). Of a field that stands there twice the first counts, `mx` excepted. Never throws. */
export function readMtaStsPolicy(text: string): MtaStsReading {
  const wrong = (error: string): MtaStsReading => ({ ok: false, error })
  if (text.length > MOST) return wrong(`${text.length} characters`)
  const lines = text.split('\n')
  if (lines.at(-1)?.trim() === '') lines.pop()
  const bareLf = lines.some((line, index) => !line.endsWith('\r') && (index < lines.length - 1 || text.endsWith('\n')))
  const given = new Map<string, string>()
  const mx: string[] = []
  const unknown: string[] = []
  for (const line of lines) {
    const [, name = '', raw = ''] = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):([\t\x20-\x7e]*)\r?$/.exec(line) ?? []
    const value = withoutBlanks(raw)
    if (name === '' || value === '' || value.includes('\t')) return wrong(`${JSON.stringify(line.replace(/\r$/, '').slice(0, 80))} is no name: value`)
    if (name === 'mx') {
      const pattern = value.toLowerCase().replace(/\.$/, '')
      if (!HOST.test(pattern)) return wrong(`mx: ${value.slice(0, 80)} is neither a name nor a pattern such as *.example.com`)
      mx.push(pattern)
    } else if (['version', 'mode', 'max_age'].includes(name)) {
      if (!given.has(name)) given.set(name, value)
    } else unknown.push(name)
  }
  const version = given.get('version')
  if (version !== 'STSv1') return wrong(version === undefined ? 'version is missing' : `version is ${JSON.stringify(version.slice(0, 40))}, not STSv1`)
  const mode = given.get('mode')
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none')
    return wrong(mode === undefined ? 'mode is missing' : `mode is ${JSON.stringify(mode.slice(0, 40))}, none of enforce, testing, none`)
  const age = given.get('max_age')
  if (age === undefined || !/^[0-9]{1,10}$/.test(age))
    return wrong(age === undefined ? 'max_age is missing' : `max_age is ${JSON.stringify(age.slice(0, 40))}, not 1 to 10 digits`)
  if (mx.length === 0 && mode !== 'none') return wrong('there is no mx')
  return { ok: true, value: { mode, maxAge: Number(age), mx, bareLf, unknown } }
}

/** Whether a mail server is meant: the name itself, or exactly one label in the place of the asterisk (§4.1, RFC 6125 §6.4.3). */
export function mxMatches(pattern: string, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  const wanted = pattern.toLowerCase().replace(/\.$/, '')
  if (!wanted.startsWith('*.')) return name === wanted
  const dot = name.indexOf('.')
  return dot > 0 && name.slice(dot + 1) === wanted.slice(2)
}
