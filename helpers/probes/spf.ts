/**
 * SPF looked up and evaluated (RFC 7208): check_host() for one sending address, and the whole tree of a record as nobody's address sees it, every
 * term of it asked for. The evaluation is ours, since the counts (lookups, void lookups) are facts of their own.
 */
import { inNetwork } from '../grammar/address.ts'
import {
  asksForName,
  expandMacros,
  hasMacro,
  hexOfIpv6,
  isSpf,
  macroAddress,
  readSpf,
  type SpfDirective,
  type SpfMacros,
  type SpfReading,
} from '../grammar/spf.ts'
import type { DnsObservation } from '../observations.ts'
import type { Probe, ProbeContext } from '../probe.ts'
import { dnsQuery } from './dns.ts'

type SpfType = 'TXT' | 'A' | 'AAAA' | 'MX' | 'PTR'
export interface SpfAnswer {
  /** `void`: NXDOMAIN or no record of the type (§4.6.4); `error`: everything that is no answer. */
  readonly status: 'found' | 'void' | 'error'
  readonly values: readonly string[]
  /** The rcode, NODATA, or the code of a failure. */
  readonly code: string
}
export type SpfAsk = (name: string, type: SpfType) => Promise<SpfAnswer>

export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror'
export interface SpfEvaluation {
  readonly result: SpfResult
  /** Which term of which record decided, or what went wrong. */
  readonly reason: string
  /** Terms that cost a lookup, and those of them that found nothing. */
  readonly lookups: number
  readonly voids: number
}
export interface SpfQuestion {
  readonly address: string
  readonly domain: string
  /** MAIL FROM; a domain alone stands for its postmaster (§4.3). */
  readonly sender: string
  readonly helo: string
}

/** §4.6.4 */
const MOST_LOOKUPS = 10
const MOST_VOIDS = 2
const MOST_NAMES = 10

class Stop extends Error {
  override readonly name = 'Stop'
  readonly result: 'temperror' | 'permerror'
  constructor(result: 'temperror' | 'permerror', reason: string) {
    super(reason)
    this.result = result
  }
}

/** What can be asked for at all: labels of 1 to 63 octets, 253 in all. */
const isName = (name: string): boolean =>
  name.length > 0 && name.length <= 253 && name.split('.').every((label) => label.length > 0 && Buffer.byteLength(label) <= 63)
/** The name of check_host() must be a multi-label domain name (§4.3). */
const isDomain = (name: string): boolean => isName(name) && name.includes('.') && !/^\[|\]$/.test(name)
const NOT_ASKED: SpfAnswer = { status: 'void', values: [], code: 'no name that could be asked for' }
const askFor = (ask: SpfAsk, name: string, type: SpfType): Promise<SpfAnswer> => (isName(name) ? ask(name.toLowerCase(), type) : Promise.resolve(NOT_ASKED))

const QUALIFIED: Readonly<Record<SpfDirective['qualifier'], SpfResult>> = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' }
/** Hosts of MX records, best first; a null MX names nobody. */
const exchanges = (values: readonly string[]): readonly string[] =>
  values
    .map((value) => /^(\d+) (\S+)$/.exec(value))
    .filter((match) => match !== null)
    .sort((a, b) => Number(a[1]) - Number(b[1]))
    .map((match) => match[2] as string)
    .filter((name) => name !== '.')

const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
/** The name under which an address keeps its PTR records (RFC 1035 §3.5, RFC 3596 §2.5). */
export const reverseName = (address: string): string =>
  address.includes(':') ? `${hexOfIpv6(address).split('').toReversed().join('.')}.ip6.arpa` : `${address.split('.').toReversed().join('.')}.in-addr.arpa`

/** check_host() (§4). Explanations (`exp=`) are not fetched. Never throws but what `ask` throws. */
export async function evaluateSpf(ask: SpfAsk, question: SpfQuestion): Promise<SpfEvaluation> {
  const address = IPV4_MAPPED.exec(question.address)?.[1] ?? question.address
  const six = address.includes(':')
  const family = six ? 'AAAA' : 'A'
  const at = question.sender.lastIndexOf('@')
  const local = at < 1 ? 'postmaster' : question.sender.slice(0, at)
  const senderDomain = question.sender.slice(at + 1)
  let lookups = 0
  let voids = 0
  let reason = ''
  let names: Promise<readonly string[]> | undefined

  const count = (term: string): void => {
    lookups += 1
    if (lookups > MOST_LOOKUPS) throw new Stop('permerror', `more than ${MOST_LOOKUPS} terms that cost a lookup, the last one ${term}`)
  }
  const countVoid = (term: string): void => {
    voids += 1
    if (voids > MOST_VOIDS) throw new Stop('permerror', `more than ${MOST_VOIDS} lookups that find nothing, the last one ${term}`)
  }
  const usable = (answer: SpfAnswer, what: string): readonly string[] => {
    if (answer.status === 'error') throw new Stop('temperror', `${what}: ${answer.code}`)
    return answer.values
  }
  /** Names of the address that lead back to it (§5.5); failures are no match. */
  const validated = (): Promise<readonly string[]> => {
    names ??= (async () => {
      const pointers = await askFor(ask, reverseName(address), 'PTR')
      const found: string[] = []
      for (const name of pointers.values.slice(0, MOST_NAMES)) {
        const back = await askFor(ask, name, family)
        if (back.values.some((value) => inNetwork(address, value))) found.push(name.toLowerCase())
      }
      return found
    })()
    return names
  }
  const below = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`)
  const expand = async (spec: string, domain: string): Promise<string> => {
    const trusted = asksForName(spec) ? await validated() : []
    const macros: SpfMacros = {
      s: `${local}@${senderDomain}`,
      l: local,
      o: senderDomain,
      d: domain,
      i: macroAddress(address),
      p: trusted.find((name) => name === domain.toLowerCase()) ?? trusted.find((name) => below(name, domain.toLowerCase())) ?? trusted[0] ?? 'unknown',
      h: question.helo,
      v: six ? 'ip6' : 'in-addr',
    }
    return expandMacros(spec, macros)
  }
  const within = (value: string, directive: SpfDirective): boolean =>
    value.includes(':') === six && inNetwork(address, `${value}/${six ? directive.cidr6 : directive.cidr4}`)

  const matches = async (directive: SpfDirective, domain: string): Promise<boolean> => {
    const { mechanism, text } = directive
    switch (mechanism) {
      case 'all':
        return true
      case 'ip4':
      case 'ip6':
        return within(directive.network ?? '', directive)
      case 'include': {
        count(text)
        const inner = await check(await expand(directive.domain ?? '', domain), text)
        if (inner === 'none') throw new Stop('permerror', `${text} of ${domain} finds no SPF record`)
        return inner === 'pass'
      }
      case 'a':
      case 'exists': {
        count(text)
        const name = directive.domain === undefined ? domain : await expand(directive.domain, domain)
        const answer = await askFor(ask, name, mechanism === 'exists' ? 'A' : family)
        const values = usable(answer, `${text}: ${name}`)
        if (answer.status === 'void') countVoid(text)
        return mechanism === 'exists' ? values.length > 0 : values.some((value) => within(value, directive))
      }
      case 'mx': {
        count(text)
        const name = directive.domain === undefined ? domain : await expand(directive.domain, domain)
        const answer = await askFor(ask, name, 'MX')
        const hosts = exchanges(usable(answer, `${text}: ${name} MX`))
        let empty = answer.status === 'void'
        if (hosts.length > MOST_NAMES) throw new Stop('permerror', `${text}: more than ${MOST_NAMES} MX records`)
        for (const host of hosts) {
          const found = await askFor(ask, host, family)
          if (usable(found, `${text}: ${host}`).some((value) => within(value, directive))) return true
          empty ||= found.status === 'void'
        }
        // Counted by terms, however many of its hosts have no address of the family (§11.1).
        if (empty) countVoid(text)
        return false
      }
      case 'ptr': {
        count(text)
        const name = (directive.domain === undefined ? domain : await expand(directive.domain, domain)).toLowerCase()
        return (await validated()).some((one) => below(one, name))
      }
      default:
        return mechanism satisfies never
    }
  }

  const check = async (domain: string, from: string): Promise<SpfResult> => {
    if (!isDomain(domain)) {
      reason = `${from}: ${JSON.stringify(domain.slice(0, 80))} is no domain name that SPF could be asked for`
      return 'none'
    }
    const answer = await askFor(ask, domain, 'TXT')
    const records = usable(answer, `${domain} TXT`).filter(isSpf)
    if (answer.status === 'void' && from !== '') countVoid(from)
    const [text] = records
    if (text === undefined) {
      reason = `${domain} has no SPF record`
      return 'none'
    }
    if (records.length > 1) throw new Stop('permerror', `${domain} has ${records.length} SPF records`)
    const read = readSpf(text)
    if (!read.ok) throw new Stop('permerror', `${domain}: ${read.term}: ${read.error}`)
    for (const directive of read.value.directives) {
      if (!(await matches(directive, domain))) continue
      reason = `${directive.text} of ${domain}`
      return QUALIFIED[directive.qualifier]
    }
    if (read.value.redirect !== undefined && !read.value.directives.some(({ mechanism }) => mechanism === 'all')) {
      const term = `redirect=${read.value.redirect}`
      count(term)
      const result = await check(await expand(read.value.redirect, domain), term)
      if (result === 'none') throw new Stop('permerror', `${term} of ${domain} finds no SPF record`)
      return result
    }
    reason = `no term of ${domain} matches`
    return 'neutral'
  }

  try {
    const result = await check(question.domain.replace(/\.$/, ''), '')
    return { result, reason, lookups, voids }
  } catch (error) {
    if (error instanceof Stop) return { result: error.result, reason: error.message, lookups, voids }
    throw error
  }
}

/** One record of the tree, found by `via`. */
export interface SpfNode {
  readonly domain: string
  /** The term that led here, and of whose record it is; undefined for the domain itself. */
  readonly via?: string
  readonly from?: string
  /** `loop`: it includes itself; `message`: which domain is meant depends on the message; `beyond`: not followed any further. */
  readonly state: 'record' | 'none' | 'several' | 'error' | 'loop' | 'message' | 'beyond'
  /** The texts that are SPF, whole. */
  readonly records: readonly string[]
  /** TXT strings at the name that look like SPF but are none: another version, white space in front. */
  readonly nearly: readonly string[]
  readonly reading?: SpfReading
  /** Rcode or failure where `state` is `error`. */
  readonly code?: string
}
/** One term that costs a lookup. */
export interface SpfLookup {
  readonly domain: string
  readonly term: string
  /** `message`: depends on the message, so nothing was asked; `too-many`: more MX records than may be looked up. */
  readonly outcome: 'found' | 'void' | 'error' | 'message' | 'too-many'
  readonly detail: string
}
export interface SpfTree {
  /** The domain itself first. */
  readonly nodes: readonly SpfNode[]
  readonly lookups: readonly SpfLookup[]
  /** There is more than was followed. */
  readonly cut: boolean
  /** TXT question at the domain itself. */
  readonly seen?: DnsObservation
}

const MOST_TREE_LOOKUPS = 48
const NEARLY = /^[\s"'\u00a0\ufeff]*v\s*=\s*spf\s*1/i

/** Every term of a record and of the records it leads to, as a message finds them that nothing matches before `all` (§4.6.4 counts these). */
export async function walkSpf(ask: SpfAsk, domain: string): Promise<Omit<SpfTree, 'seen'>> {
  const nodes: SpfNode[] = []
  const lookups: SpfLookup[] = []
  let cut = false
  const note = (at: string, term: string, outcome: SpfLookup['outcome'], detail: string): void => void lookups.push({ domain: at, term, outcome, detail })
  const outcomeOf = (answer: SpfAnswer): SpfLookup['outcome'] => answer.status

  const visit = async (name: string, path: readonly string[], via?: string): Promise<SpfAnswer | undefined> => {
    const from = path.at(-1)
    const base = { domain: name, ...(via === undefined ? {} : { via }), ...(from === undefined ? {} : { from }), records: [], nearly: [] }
    if (path.includes(name)) {
      nodes.push({ ...base, state: 'loop' })
      return undefined
    }
    const answer = await askFor(ask, name, 'TXT')
    if (answer.status === 'error') {
      nodes.push({ ...base, state: 'error', code: answer.code })
      return answer
    }
    const records = answer.values.filter(isSpf)
    const nearly = answer.values.filter((text) => !isSpf(text) && NEARLY.test(text))
    const [text] = records
    const reading = text === undefined ? undefined : readSpf(text)
    nodes.push({
      ...base,
      records,
      nearly,
      state: records.length > 1 ? 'several' : text === undefined ? 'none' : 'record',
      ...(reading === undefined ? {} : { reading }),
    })
    if (records.length !== 1 || reading?.ok !== true) return answer
    const all = reading.value.directives.findIndex(({ mechanism }) => mechanism === 'all')
    // What stands behind `all` is never asked for (§5.1).
    for (const directive of all < 0 ? reading.value.directives : reading.value.directives.slice(0, all)) await lookAt(directive, name, [...path, name])
    if (all < 0 && reading.value.redirect !== undefined) await follow(`redirect=${reading.value.redirect}`, reading.value.redirect, name, [...path, name])
    return answer
  }
  const follow = async (term: string, spec: string, at: string, path: readonly string[]): Promise<void> => {
    if (lookups.length >= MOST_TREE_LOOKUPS) {
      cut = true
      nodes.push({ domain: spec, via: term, from: at, state: 'beyond', records: [], nearly: [] })
      return
    }
    if (hasMacro(spec) && !/^(?:[^%]|%\{d\})*$/i.test(spec)) {
      note(at, term, 'message', 'which domain is meant depends on the message')
      nodes.push({ domain: spec, via: term, from: at, state: 'message', records: [], nearly: [] })
      return
    }
    const name = plain(spec, at)
    const index = lookups.length
    note(at, term, 'found', name)
    const answer = await visit(name, path, term)
    if (answer !== undefined)
      lookups[index] = { domain: at, term, outcome: outcomeOf(answer), detail: `${name} TXT: ${answer.status === 'found' ? 'found' : answer.code}` }
  }
  const lookAt = async (directive: SpfDirective, at: string, path: readonly string[]): Promise<void> => {
    const { mechanism, text } = directive
    if (mechanism === 'all' || mechanism === 'ip4' || mechanism === 'ip6') return
    if (mechanism === 'include') return await follow(text, directive.domain ?? '', at, path)
    if (lookups.length >= MOST_TREE_LOOKUPS) {
      cut = true
      return
    }
    const spec = directive.domain ?? '%{d}'
    if (mechanism === 'ptr' || !/^(?:[^%]|%\{d\})*$/i.test(spec)) return note(at, text, 'message', 'depends on the message')
    const name = plain(spec, at)
    if (mechanism === 'mx') {
      const answer = await askFor(ask, name, 'MX')
      const hosts = exchanges(answer.values)
      if (answer.status !== 'found') return note(at, text, outcomeOf(answer), `${name} MX: ${answer.code}`)
      if (hosts.length > MOST_NAMES) return note(at, text, 'too-many', `${name} has ${hosts.length} MX records, more than the ${MOST_NAMES} that are allowed`)
      const found = await Promise.all(hosts.map(async (host) => ({ host, ...(await either(host)) })))
      const bad = found.find(({ status }) => status === 'error') ?? found.find(({ status }) => status === 'void')
      return note(at, text, bad?.status ?? 'found', bad === undefined ? `${name} MX: ${hosts.join(', ') || 'nobody'}` : `${bad.host}: ${bad.code}`)
    }
    const answer = mechanism === 'exists' ? await askFor(ask, name, 'A') : await either(name)
    note(at, text, outcomeOf(answer), `${name}: ${answer.status === 'found' ? answer.values.slice(0, 4).join(', ') : answer.code}`)
  }
  /** An address of either family is something found. */
  const either = async (name: string): Promise<SpfAnswer> => {
    const [four, six] = await Promise.all([askFor(ask, name, 'A'), askFor(ask, name, 'AAAA')])
    if (four.status === 'found' || six.status === 'found') return { status: 'found', values: [...four.values, ...six.values], code: 'NOERROR' }
    return four.status === 'error' ? four : six.status === 'error' ? six : four
  }
  const plain = (spec: string, at: string): string => expandMacros(spec, { s: '', l: '', o: '', d: at, i: '', p: '', h: '', v: '' }).toLowerCase()

  await visit(domain.toLowerCase().replace(/\.$/, ''), [])
  return { nodes, lookups, cut }
}

/** Asks by the target's resolver; one name and type is one question, however many terms need it. */
const asking =
  (context: ProbeContext): SpfAsk =>
  async (name, type) => {
    const seen = await context.observe(dnsQuery({ name, type }))
    if (!seen.ok) return { status: 'error', values: [], code: seen.failure.code }
    const { rcode, answers } = seen.value
    if (rcode === 'NXDOMAIN') return { status: 'void', values: [], code: rcode }
    if (rcode !== 'NOERROR') return { status: 'error', values: [], code: rcode }
    const values = answers.filter((record) => record.type === type).map((record) => record.value)
    return values.length === 0 ? { status: 'void', values, code: 'NODATA' } : { status: 'found', values, code: rcode }
  }

const WHOLE_MS = 60_000

/** The SPF record of a domain and all that it leads to. Never fails: what cannot be found out is in the tree. */
export function spfTree(domain: string): Probe<SpfTree> {
  return {
    kind: 'spfTree',
    key: `spfTree ${domain}`,
    impact: 'read',
    cost: { connections: 0, requests: 8 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const tree = await walkSpf(asking(context), domain)
      const seen = await context.observe(dnsQuery({ name: domain.toLowerCase(), type: 'TXT' }))
      return { ...tree, ...(seen.ok ? { seen: seen.value } : {}) }
    },
  }
}

/** check_host() for one address. Never fails: a resolver's failure is a `temperror`. */
export function spfCheckHost(question: SpfQuestion): Probe<SpfEvaluation> {
  return {
    kind: 'spfCheckHost',
    key: `spfCheckHost ${question.address} ${question.sender} ${question.domain} ${question.helo}`,
    impact: 'read',
    cost: { connections: 0, requests: 8 },
    timeoutMs: WHOLE_MS,
    run: async (context) => await evaluateSpf(asking(context), question),
  }
}
