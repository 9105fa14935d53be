/** DMARC policy records and the tree walk's names (RFC 9989 §4.7, §4.8, §4.10), authorisation records of report receivers (RFC 9990 §4). */
import { withoutBlanks } from './linear.ts'

export type DmarcPolicy = 'none' | 'quarantine' | 'reject'
/** Weakest first. */
export const DMARC_POLICIES: readonly DmarcPolicy[] = ['none', 'quarantine', 'reject']

export interface DmarcUri {
  readonly text: string
  /** Lower case, without colon. */
  readonly scheme: string
  /** Domain that a mailto goes to, lower case. */
  readonly host?: string
  /** `10m` of `!10m`, which RFC 9989 made obsolete. */
  readonly size?: string
  /** Why no report can be sent there. */
  readonly fault?: string
}
export interface DmarcRecord {
  readonly p?: DmarcPolicy
  readonly sp?: DmarcPolicy
  readonly np?: DmarcPolicy
  /** `t=y`: one level below the stated policy is asked for. */
  readonly testing: boolean
  readonly psd: 'y' | 'n' | 'u'
  readonly adkim: 'r' | 's'
  readonly aspf: 'r' | 's'
  readonly rua: readonly DmarcUri[]
  readonly ruf: readonly DmarcUri[]
  readonly fo: string
  /** Tags whose value is not of their grammar; their default holds instead. */
  readonly faults: readonly string[]
  /** pct, rf, ri: of RFC 7489, no longer of RFC 9989; with their values. */
  readonly historic: readonly { readonly tag: string; readonly value: string }[]
  /** Ignored, as they must be. */
  readonly unknown: readonly string[]
}
export type DmarcReading = { readonly ok: true; readonly value: DmarcRecord } | { readonly ok: false; readonly error: string }

const MOST = 65_535
/** A record begins with its version, spelled exactly so (§4.7, §4.8). */
export const isDmarc = (text: string): boolean => /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text)

const REQUEST: Readonly<Record<string, DmarcPolicy>> = { none: 'none', quarantine: 'quarantine', reject: 'reject' }
const HISTORIC: ReadonlySet<string> = new Set(['pct', 'rf', 'ri'])
const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/
/** Each at most once, 0 and 1 exclude each other. */
const isFo = (value: string): boolean => {
  const parts = value
    .toLowerCase()
    .split(':')
    .map((part) => withoutBlanks(part))
  return parts.every((part) => /^[01ds]$/.test(part)) && new Set(parts).size === parts.length && !(parts.includes('0') && parts.includes('1'))
}

function readUri(text: string): DmarcUri {
  const [, bare = text, size] = /^(.*?)(?:!([0-9]+[kmgt]?))?$/is.exec(text) ?? []
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(bare)?.[1]?.toLowerCase() ?? ''
  const base = { text, scheme, ...(size === undefined ? {} : { size }) }
  if (scheme === '') return { ...base, fault: 'no URI: a scheme such as mailto: is missing' }
  if (/[!,\s]/.test(bare) || !/^[\x21-\x7e]+$/.test(bare)) return { ...base, fault: 'a letter that a URI must not have here' }
  if (scheme !== 'mailto') return { ...base, fault: 'receivers need to support mailto alone' }
  const address = bare.slice(7).split('?')[0] ?? ''
  const at = address.lastIndexOf('@')
  const host = address.slice(at + 1).toLowerCase()
  if (at < 1 || !HOST.test(host)) return { ...base, fault: 'no mail address' }
  return { ...base, host }
}

/** Reads a text that {@link isDmarc}. What is wrong behind the version does not end the reading (§4.7): it is told. Never throws. */
export function readDmarc(text: string): DmarcReading {
  if (!isDmarc(text)) return { ok: false, error: 'does not begin with v=DMARC1' }
  if (text.length > MOST) return { ok: false, error: `${text.length} characters` }
  const faults: string[] = []
  const unknown: string[] = []
  const historic: { tag: string; value: string }[] = []
  const given = new Map<string, string>()
  const parts = text.split(';').slice(1)
  parts.forEach((part, index) => {
    const [, name = '', raw = ''] = /^[ \t]*([a-z]+)[ \t]*=([\s\S]*)$/i.exec(part) ?? []
    const tag = name.toLowerCase()
    const value = withoutBlanks(raw)
    if (tag === '') {
      if (part.trim() !== '' || index < parts.length - 1)
        faults.push(part.trim() === '' ? 'a semicolon too many' : `${JSON.stringify(part.trim().slice(0, 60))} is no tag=value`)
    } else if (!/^[\x20-\x7e]+$/.test(value)) faults.push(`${tag} is ${value === '' ? 'empty' : 'not of printable characters'}`)
    else if (given.has(tag)) faults.push(`${tag} stands there twice; the first one counts`)
    else given.set(tag, value)
  })
  const one = <T extends string>(tag: string, words: Readonly<Record<string, T>>): T | undefined => {
    const value = given.get(tag)
    const read = value === undefined || !Object.hasOwn(words, value.toLowerCase()) ? undefined : words[value.toLowerCase()]
    if (value !== undefined && read === undefined) faults.push(`${tag}=${value.slice(0, 60)} is none of ${Object.keys(words).join(', ')}`)
    return read
  }
  const list = (tag: string): readonly DmarcUri[] => {
    const value = given.get(tag)
    return value === undefined ? [] : value.split(',').map((uri) => readUri(uri.trim()))
  }
  const p = one('p', REQUEST)
  const sp = one('sp', REQUEST)
  const np = one('np', REQUEST)
  const t = one('t', { y: 'y', n: 'n' })
  const psd = one('psd', { y: 'y', n: 'n', u: 'u' }) ?? 'u'
  const adkim = one('adkim', { r: 'r', s: 's' }) ?? 'r'
  const aspf = one('aspf', { r: 'r', s: 's' }) ?? 'r'
  const fo = given.get('fo') ?? '0'
  if (!isFo(fo)) faults.push(`fo=${fo.slice(0, 60)} is none of 0, 1, d, s`)
  const known = new Set(['p', 'sp', 'np', 't', 'psd', 'adkim', 'aspf', 'fo', 'rua', 'ruf'])
  for (const [tag, value] of given) {
    if (HISTORIC.has(tag)) historic.push({ tag, value })
    else if (!known.has(tag)) unknown.push(tag)
  }
  return {
    ok: true,
    value: {
      ...(p === undefined ? {} : { p }),
      ...(sp === undefined ? {} : { sp }),
      ...(np === undefined ? {} : { np }),
      testing: t === 'y',
      psd,
      adkim,
      aspf,
      rua: list('rua'),
      ruf: list('ruf'),
      fo: isFo(fo) ? fo : '0',
      faults,
      historic,
      unknown,
    },
  }
}

/** What a record asks for, defaults filled in, `t` not yet regarded. */
export interface DmarcPolicies {
  readonly p: DmarcPolicy
  /** Of sub-domains that exist, and of those that do not. */
  readonly sp: DmarcPolicy
  readonly np: DmarcPolicy
}
/** Without a valid `p`, or with an invalid `sp` or `np`: none where reports can be sent, else the record has no effect: undefined (§4.10.1). */
export function policiesOf(record: DmarcRecord): DmarcPolicies | undefined {
  const { p } = record
  if (p === undefined || record.faults.some((fault) => /^(?:sp|np)(?:=| is )/.test(fault)))
    return record.rua.some(({ fault }) => fault === undefined) ? { p: 'none', sp: 'none', np: 'none' } : undefined
  const sp = record.sp ?? p
  return { p, sp, np: record.np ?? sp }
}
/** The policy that is applied: with `t=y` one level below (§4.7). */
export const applied = (policy: DmarcPolicy, testing: boolean): DmarcPolicy =>
  testing ? (DMARC_POLICIES[Math.max(0, DMARC_POLICIES.indexOf(policy) - 1)] as DmarcPolicy) : policy

/** The domains that a tree walk asks, in order, at most eight: the domain, then its last seven labels or fewer, label by label (§4.10). */
export function treeOf(domain: string): readonly string[] {
  const labels = domain.toLowerCase().replace(/\.$/, '').split('.')
  const names = [labels.join('.')]
  for (let rest = labels.slice(labels.length >= 8 ? labels.length - 7 : 1); rest.length > 0; rest = rest.slice(1)) names.push(rest.join('.'))
  return names
}

/** What a walk found at one domain: its only record. Others were discarded. */
export interface DmarcFound {
  readonly domain: string
  readonly record: DmarcRecord
}
/**
 * The Organizational Domain by the records of a walk, which ended at the first `psd=y` or `psd=n` (§4.10.2): the domain below a public suffix
 * that says so, the one that says it is none, the highest with a record, else the domain itself.
 */
export function organisationalDomain(domain: string, found: readonly DmarcFound[]): string {
  const start = domain.toLowerCase().replace(/\.$/, '')
  for (const one of found) {
    if (one.record.psd === 'n') return one.domain
    if (one.record.psd === 'y' && one.domain !== start) {
      const labels = start.split('.')
      return labels.slice(-(one.domain.split('.').length + 1)).join('.')
    }
  }
  return [...found].sort((a, b) => a.domain.split('.').length - b.domain.split('.').length)[0]?.domain ?? start
}
/** Whose record holds for a domain (§4.10.1): its own, that of its Organizational Domain, that of the public suffix above. */
export function policyDomain(domain: string, found: readonly DmarcFound[]): DmarcFound | undefined {
  const start = domain.toLowerCase().replace(/\.$/, '')
  const organisational = organisationalDomain(domain, found)
  return found.find((one) => one.domain === start) ?? found.find((one) => one.domain === organisational) ?? found.find((one) => one.record.psd === 'y')
}
/** Whether two domains go together (§4.4): the same when strict, the same Organizational Domain when relaxed. */
export const isAligned = (mode: 'r' | 's', a: { readonly domain: string; readonly organisational: string }, b: typeof a): boolean =>
  mode === 's' ? a.domain.toLowerCase() === b.domain.toLowerCase() : a.organisational === b.organisational
