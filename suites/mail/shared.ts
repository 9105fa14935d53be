/** What the mail checks share: whose mail is judged, how answers read in evidence, what a record asks for in the end. */
import type { Subject } from '../../helpers/check.ts'
import { applied, type DmarcPolicy, policiesOf } from '../../helpers/grammar/dmarc.ts'
import type { SpfQualifier } from '../../helpers/grammar/spf.ts'
import type { DnsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { DmarcWalk } from '../../helpers/probes/dmarc.ts'
import type { SpfNode, SpfTree } from '../../helpers/probes/spf.ts'
import { digFor } from '../../helpers/reproduce.ts'
import type { Target, TargetFile } from '../../helpers/target.ts'
import { type Evidence, inconclusive, skip, type Verdict } from '../../helpers/verdict.ts'

type Declared = NonNullable<NonNullable<TargetFile['mail']>['senders']>[number]
export interface Sender extends Declared {
  readonly from: string
  readonly mailFrom: string
  readonly dkimDomain: string
}

export const noMail = { skip: 'not-declared', reason: 'the target says nothing of mail (mail: {} has the domain itself judged)' } as const

/** With everything that was left out filled in. */
export const sendersOf = (target: Target): readonly Sender[] =>
  (target.file.mail?.senders ?? []).map((sender) => {
    const from = (sender.from ?? target.domain).toLowerCase()
    return { ...sender, from, mailFrom: (sender.mailFrom ?? from).toLowerCase(), dkimDomain: (sender.dkimDomain ?? from).toLowerCase() }
  })
export const parkedOf = (target: Target): readonly string[] => [...new Set((target.file.mail?.parked ?? []).map((name) => name.toLowerCase()))]

/** Domains of mail addresses: declared ones (default: the target's own, unless it is parked) and those of the senders. */
export function mailDomains(target: Target): readonly string[] {
  const { mail } = target.file
  if (mail === undefined) return []
  const own = mail.domains?.map((name) => name.toLowerCase()) ?? (parkedOf(target).includes(target.domain) ? [] : [target.domain])
  return [...new Set([...own, ...sendersOf(target).map(({ from }) => from)])]
}
/** Domains whose SPF is asked for: those of addresses, and those of envelope senders. */
export const spfDomains = (target: Target): readonly string[] => [...new Set([...mailDomains(target), ...sendersOf(target).map(({ mailFrom }) => mailFrom)])]

/** Mail is of the domain, not of the host that happens to have its name. */
const named = (names: readonly string[]): readonly Subject[] => names.map((name) => ({ name }))
export const eachMailDomain = (target: Target): readonly Subject[] => named(mailDomains(target))
export const eachSpfDomain = (target: Target): readonly Subject[] => named(spfDomains(target))
export const eachParked = (target: Target): readonly Subject[] => named(parkedOf(target))

/** One address of one sender. */
export interface SenderAddress {
  readonly sender: Sender
  readonly address: string
}
export const eachSenderAddress = (target: Target): readonly Subject[] =>
  sendersOf(target).flatMap((sender) =>
    [...new Set(sender.addresses ?? [])].map((address): Subject => ({ name: `${sender.name} ${address}`, item: { sender, address } satisfies SenderAddress })),
  )
export const senderAddressOf = (subject: Subject): SenderAddress => subject.item as SenderAddress

export const txtOf = (seen: DnsObservation): readonly string[] => seen.answers.filter((record) => record.type === 'TXT').map((record) => record.value)
/** NOERROR or NXDOMAIN: the question was answered. */
export const isAnswer = (seen: DnsObservation): boolean => seen.rcode === 'NOERROR' || seen.rcode === 'NXDOMAIN'
export const isAnswered = (seen: Observed<DnsObservation>): boolean => seen.ok && isAnswer(seen.value)

const MOST_SHOWN = 12
export const listed = (items: readonly string[]): string =>
  items.length > MOST_SHOWN ? `${items.slice(0, MOST_SHOWN).join('; ')} and ${items.length - MOST_SHOWN} more` : items.join('; ')

/** Rcode, or the values of the asked type. */
const answerLine = (seen: DnsObservation): string => {
  const values = seen.answers.filter((record) => record.type === seen.type).map((record) => record.value)
  if (values.length > 0) return listed(values)
  return seen.rcode === 'NOERROR' ? `NODATA: no ${seen.type} record` : seen.rcode
}
export const lookLine = (seen: Observed<DnsObservation>): string => (seen.ok ? answerLine(seen.value) : `${seen.failure.code}: ${seen.failure.message}`)
export const seenAt = (seen: DnsObservation, expected: string, received = answerLine(seen)): Evidence => ({
  what: `${seen.name} ${seen.type}`,
  expected,
  received,
  where: `@${seen.server}`,
  at: seen.at,
})
export const looked = (what: string, seen: Observed<DnsObservation>, expected: string): Evidence =>
  seen.ok ? { ...seenAt(seen.value, expected), what } : { what, expected, received: lookLine(seen) }

/** Hosts of MX records, best first; a null MX as `.`. */
export const exchangesOf = (seen: DnsObservation): readonly string[] => [
  ...new Set(
    seen.answers
      .filter((record) => record.type === 'MX')
      .map((record) => record.value.split(' '))
      .sort((a, b) => Number(a[0]) - Number(b[0]))
      .map((parts) => parts.at(-1) || '.'),
  ),
]
/** The domain says that it takes no mail (RFC 7505). */
export const isNullMx = (seen: DnsObservation): boolean => exchangesOf(seen).join() === '.'

/** The record of the domain itself, and what it is called in evidence. */
export const rootOf = (tree: SpfTree): SpfNode => tree.nodes[0] ?? { domain: '', state: 'error', code: 'not asked for', records: [], nearly: [] }
export const spfEvidence = (tree: SpfTree, expected: string, received?: string): Evidence => {
  const root = rootOf(tree)
  return {
    what: `SPF of ${root.domain}`,
    expected,
    received:
      received ??
      (root.state === 'error'
        ? (root.code ?? 'no answer')
        : root.records.length > 0
          ? listed(root.records)
          : `no SPF record: ${tree.seen === undefined ? 'no answer' : answerLine(tree.seen)}`),
    ...(tree.seen === undefined ? {} : { where: `@${tree.seen.server}`, at: tree.seen.at }),
  }
}
/** Why there is nothing to judge about what a record says; undefined where it reads. */
export function unreadSpf(tree: SpfTree): Verdict | undefined {
  const root = rootOf(tree)
  const evidence = spfEvidence(tree, 'a record to judge')
  if (root.state === 'error') return inconclusive('unobserved', `SPF of ${root.domain}: ${root.code ?? 'no answer'}`, evidence)
  if (root.state !== 'record' || root.reading?.ok !== true)
    return skip('not-applicable', 'there is not one record that reads (mail/spf-exists, mail/spf-syntax)', evidence)
  return undefined
}
/** Places of the tree that were not seen: their question failed, or which they are depends on the message. */
export const unseenOf = (tree: SpfTree): readonly string[] => [
  ...tree.nodes.filter(({ state }) => state === 'error').map(({ domain, code }) => `${domain} TXT: ${code ?? 'no answer'}`),
  ...tree.lookups.filter(({ outcome, term }) => outcome === 'error' && !/^[+\-~?]?(?:include:|redirect=)/i.test(term)).map(({ detail }) => detail),
]

/** The `all` that a message meets which nothing matches, redirects followed; `end` says where there is none. */
export function finalAll(tree: SpfTree): { readonly qualifier?: SpfQualifier; readonly domain: string; readonly end: 'all' | 'nothing' | 'unknown' } {
  let node = rootOf(tree)
  for (let step = 0; step < 16; step += 1) {
    const here = node
    if (here.state !== 'record' || here.reading?.ok !== true) return { domain: here.domain, end: 'unknown' }
    const all = here.reading.value.directives.find(({ mechanism }) => mechanism === 'all')
    if (all !== undefined) return { qualifier: all.qualifier, domain: here.domain, end: 'all' }
    const { redirect } = here.reading.value
    if (redirect === undefined) return { domain: here.domain, end: 'nothing' }
    const next = tree.nodes.find((one) => one.from === here.domain && one.via === `redirect=${redirect}`)
    if (next === undefined) return { domain: redirect, end: 'unknown' }
    node = next
  }
  return { domain: node.domain, end: 'unknown' }
}

export interface Effective {
  /** As stated for the domain, and as applied (`t=y` is one level less). */
  readonly stated: DmarcPolicy
  readonly applied: DmarcPolicy
}
/** The policy that holds for the domain of a walk: `p` of its own record, `sp` of one above it; undefined where no record has an effect. */
export function effectivePolicy(walk: DmarcWalk): Effective | undefined {
  const { policy } = walk
  const all = policy === undefined ? undefined : policiesOf(policy.record)
  if (policy === undefined || all === undefined) return undefined
  const stated = policy.domain === walk.domain ? all.p : all.sp
  return { stated, applied: applied(stated, policy.record.testing) }
}
export const walkEvidence = (walk: DmarcWalk, expected: string): Evidence => {
  const found = walk.steps.filter(({ records }) => records.length > 0)
  const first = walk.steps[0]?.seen
  return {
    what: `DMARC of ${walk.domain}`,
    expected,
    received:
      found.length === 0
        ? `no record at ${walk.steps.map(({ domain }) => `_dmarc.${domain}`).join(', ')}${walk.unanswered.length === 0 ? '' : `; ${walk.unanswered.join('; ')}`}`
        : found.map(({ domain, records }) => `_dmarc.${domain}: ${listed(records)}`).join('; '),
    ...(first?.ok === true ? { where: `@${first.value.server}`, at: first.value.at } : {}),
  }
}

export const digTxt =
  (prefix = '') =>
  (subject: Subject, target: Target): string =>
    digFor(target, `${prefix}${subject.name}`, 'TXT')
