/** What the checks of the mail servers themselves share: whom they judge, which conversations they read, how replies stand in evidence. */
import type { Subject } from '../../helpers/check.ts'
import type { SmtpReply } from '../../helpers/grammar/smtp-reply.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import type { Probe } from '../../helpers/probe.ts'
import { isRefused, type Observed } from '../../helpers/probe.ts'
import { type ImapLook, imapLook } from '../../helpers/probes/imap.ts'
import { atExchangers, type ExchangerLook } from '../../helpers/probes/mail-exchangers.ts'
import type { MailTls } from '../../helpers/probes/mail-wire.ts'
import {
  type Envelope,
  MX_PORT,
  type EnvelopeSeen,
  type SmtpEnd,
  type SmtpEnvelopes,
  smtpEnvelopes,
  type SmtpLook,
  smtpLook,
  type SmtpPlace,
} from '../../helpers/probes/smtp.ts'
import type { TableFigure } from '../../helpers/figure.ts'
import { bracketed, connectionFor, digFor, opensslFor } from '../../helpers/reproduce.ts'
import { pinnedAddresses, realPort, type Target, type TargetFile } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'
import { isAnswer, mailDomains, parkedOf, seenAt } from './shared.ts'

type Mail = NonNullable<TargetFile['mail']>
export type Submission = NonNullable<Mail['submission']>[number]
/** One port of one declared server. */
export interface Served<Entry> {
  readonly entry: Entry
  readonly place: SmtpPlace
}

export const noServers = { skip: 'not-declared', reason: 'the target does not ask for a look at the servers behind MX (mail.mx: {} does)' } as const
export const noSubmission = { skip: 'not-declared', reason: 'the target names no server that mail is handed to (mail.submission)' } as const
export const noImap = { skip: 'not-declared', reason: 'the target names no server that mail is read on (mail.imap)' } as const

/** Domains whose mail servers are looked at. */
export const eachServed = (target: Target): readonly Subject[] =>
  target.file.mail?.mx === undefined
    ? []
    : mailDomains(target)
        .filter((name) => !parkedOf(target).includes(name))
        .map((name) => ({ name }))

const places = (host: string, plain: number | false | undefined, tls: number | false | undefined): readonly SmtpPlace[] => [
  ...(plain === undefined || plain === false ? [] : [{ host: host.toLowerCase(), port: plain, mode: 'plain' as const }]),
  ...(tls === undefined || tls === false ? [] : [{ host: host.toLowerCase(), port: tls, mode: 'tls' as const }]),
]
const subjectOf = (entry: unknown, place: SmtpPlace): Subject => ({ name: `${place.host}:${place.port}`, item: { entry, place } satisfies Served<unknown> })
export const eachSubmission =
  (keep: (entry: Submission, place: SmtpPlace) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.mail?.submission ?? []).flatMap((entry) =>
      places(entry.host, entry.startTls ?? 587, entry.tls)
        .filter((place) => keep(entry, place))
        .map((place) => subjectOf(entry, place)),
    )
export const eachImap =
  (keep: (place: SmtpPlace) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.mail?.imap ?? []).flatMap((entry) =>
      places(entry.host, entry.startTls, entry.tls ?? 993)
        .filter(keep)
        .map((place) => subjectOf(entry, place)),
    )
export const submissionOf = (subject: Subject): Served<Submission> => subject.item as Served<Submission>
export const placeOf = (subject: Subject): SmtpPlace => (subject.item as Served<unknown>).place

/** The conversation that most checks read. */
export const exchangerLooks = (domain: string): Probe<ExchangerLook<SmtpLook>> =>
  atExchangers(domain, 'look', 'read', (place) => smtpLook(place, { vrfy: true }))
export const lookAt = (subject: Subject): Probe<SmtpLook> => smtpLook(placeOf(subject))
export const imapAt = (subject: Subject): Probe<ImapLook> => imapLook(placeOf(subject))

const MOST_TEXT = 300
export const replyText = (reply: SmtpReply): string => `${reply.code} ${reply.lines.join(' / ')}`.trim().slice(0, MOST_TEXT)
export const endText = (end: SmtpEnd | undefined): string =>
  end === undefined ? 'nothing' : `after ${end.after}: ${end.failure.message} (${end.failure.code})`
const failureText = (seen: Extract<Observed<unknown>, { ok: false }>): string => `${seen.failure.message} (${seen.failure.code})`

export const line = (look: { readonly peer: string; readonly at: string }, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: look.peer,
  at: look.at,
})

/** What one server shows: findings, or why nothing can be said; an empty list: the matter does not arise. */
export type Shown<Code extends string = string> = readonly (Finding<Code> | { readonly unknown: string; readonly evidence?: Evidence })[]

/** Folds what is known and unknown: a failure stands whatever else is unknown, a pass needs everything known. */
export function foldShown(shown: Shown, otherwise: Verdict): Verdict {
  const findings = shown.filter((one): one is Finding => 'grade' in one)
  const unknown = shown.filter((one) => 'unknown' in one)
  if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
  if (unknown.length > 0)
    return inconclusive('unobserved', unknown.map((one) => one.unknown).join('; '), [
      ...unknown.map((one) => one.evidence ?? { what: 'the conversation', expected: 'an answer to judge', received: one.unknown }),
      ...findings.map(({ evidence }) => evidence),
    ])
  return findings.length > 0 ? worst(findings) : otherwise
}

/** Judges every server that MX names. `otherwise`: why there is nothing to say where no server shows anything. */
export function eachExchanger<T extends { readonly peer: string; readonly at: string }>(
  look: ExchangerLook<T>,
  otherwise: string,
  judge: (seen: T, name: string) => Shown,
): Verdict {
  const record = seenAt(look.mx, 'mail servers to look at')
  if (!isAnswer(look.mx)) return inconclusive('unobserved', `MX was answered with ${look.mx.rcode}`, record)
  if (look.servers.length === 0) return skip('not-applicable', 'the domain names no mail server (mail/mx)', record)
  const shown = look.servers.flatMap(({ name, address, seen }): Shown => {
    if (seen.ok) return judge(seen.value, name)
    const where = address === undefined ? name : `${name} [${address}]`
    return [
      {
        unknown: `${where}: ${failureText(seen)}${blocked(look)}`,
        evidence: { what: where, expected: 'a connection on port 25', received: failureText(seen) },
      },
    ]
  })
  return foldShown(shown, skip('not-applicable', otherwise, record))
}
/** Somebody else's server, or another one of the domain, was reached on the same port: what is refused is refused by the server. */
const wayOut = ({ servers, control }: ExchangerLook<unknown>): boolean =>
  servers.some(({ seen }) => seen.ok) || (control?.seen.ok === true && control.seen.value.state === 'open')
const blocked = (look: ExchangerLook<unknown>): string => (wayOut(look) ? '' : '; no mail server could be reached: this machine may not go out on port 25')
export const refusedServers = (look: ExchangerLook<unknown>): readonly { readonly name: string; readonly address?: string }[] =>
  wayOut(look) ? look.servers.filter(({ seen }) => isRefused(seen)) : []

/** What a client that verifies would say of a certificate; undefined: it would accept it. */
export function certificateProblem(
  tls: MailTls,
  host: string,
  now: Date,
): { readonly kind: 'none' | 'name' | 'self-signed' | 'untrusted' | 'dates'; readonly text: string } | undefined {
  const [leaf] = tls.served
  if (leaf === undefined) return { kind: 'none', text: 'no readable certificate was served' }
  const match = matchServerName(host, leaf)
  if (!match.matches) return { kind: 'name', text: `it names ${[...leaf.dnsNames, ...leaf.ipAddresses].slice(0, 8).join(', ') || 'nobody'}, not ${host}` }
  const path = tls.paths.find(({ certificates }) => certificates.slice(0, -1).every((one) => inDate(one, now)))?.certificates ?? tls.paths[0]?.certificates
  if (path === undefined) {
    if (tls.endsSelfSigned && tls.longest.length === 1) return { kind: 'self-signed', text: 'it signed itself' }
    return { kind: 'untrusted', text: `the chain as served ends at ${tls.longest.at(-1)?.issuer ?? 'an unknown issuer'}, which leads to no trusted root` }
  }
  const outside = path.slice(0, -1).find((one) => !inDate(one, now))
  return outside === undefined ? undefined : { kind: 'dates', text: `${outside.subject} is valid from ${outside.notBefore} to ${outside.notAfter}` }
}
const inDate = (one: { readonly notBefore: string; readonly notAfter: string }, now: Date): boolean =>
  Date.parse(one.notBefore) <= now.getTime() && now.getTime() <= Date.parse(one.notAfter)

/** Whether the layer after STARTTLS works, as a list of what is wrong. `codes`: those of the asking check. */
export function startTlsShown<Code extends string>(
  look: SmtpLook,
  name: string,
  codes: { readonly absent: Code; readonly refused: Code; readonly broken: Code; readonly deaf: Code },
): Shown<Code> {
  const expected = 'STARTTLS offered, agreed to, the handshake complete, EHLO answered again'
  const say = (received: string): Evidence => line(look, `STARTTLS of ${name}`, expected, received)
  const { ehlo, extensions, startTls, tls, secureEhlo, ended } = look
  if (extensions === undefined)
    return [
      {
        unknown: `${name} did not come to EHLO: ${ehlo === undefined ? (look.greeting === undefined ? endText(ended) : replyText(look.greeting)) : replyText(ehlo)}`,
      },
    ]
  if (!extensions.keywords.includes('STARTTLS'))
    return [{ grade: 'fail', code: codes.absent, evidence: say(`offered: ${extensions.keywords.join(', ') || 'nothing'}`) }]
  if (startTls === undefined) return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
  if (startTls.code !== 220) return [{ grade: 'fail', code: codes.refused, evidence: say(replyText(startTls)) }]
  if (tls === undefined) {
    // Silence proves nothing; an end or an alert right after the server agreed is what every sender gets.
    if (ended?.failure.code === 'TIMEOUT' || ended?.failure.phase === 'deadline')
      return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
    return [{ grade: 'fail', code: codes.broken, evidence: say(endText(ended)) }]
  }
  if (secureEhlo === undefined) return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
  if (secureEhlo.code !== 250) return [{ grade: 'fail', code: codes.deaf, evidence: say(`${tls.protocol}, then EHLO: ${replyText(secureEhlo)}`) }]
  return [{ grade: 'pass', evidence: say(`${tls.protocol} ${tls.cipher}; EHLO: ${replyText(secureEhlo)}`) }]
}

/** Recipient of another domain, to whom nothing is ever sent. */
const foreignOf = (target: Target): string =>
  target.file.mail?.mx?.foreign ?? (target.domain.endsWith('example.org') ? 'postproof@example.net' : 'postproof@example.org')
/** A domain that exists and is neither ours nor the recipient's. */
const STRANGER = 'postproof@example.net'

/** The ways by which a server may be made to pass on the mail of strangers (rules §11), and what shows whether it looks at recipients at all. */
function relayMatrix(domain: string, foreign: string): readonly Envelope[] {
  const [local = 'postproof', away = 'example.org'] = foreign.split('@')
  return [
    { label: 'null sender to a stranger', from: '', to: foreign },
    { label: 'stranger to a stranger', from: STRANGER, to: foreign },
    { label: 'own address to a stranger', from: `postmaster@${domain}`, to: foreign },
    { label: 'percent', from: STRANGER, to: `${local}%${away}@${domain}` },
    { label: 'bang path', from: STRANGER, to: `${away}!${local}` },
    { label: 'source route', from: STRANGER, to: `@${domain}:${foreign}` },
    { label: 'quoted', from: STRANGER, to: `"${foreign}"@${domain}` },
    { label: 'nobody of the domain', from: '', to: `{nobody}@${domain}` },
    { label: 'postmaster', from: '', to: `postmaster@${domain}` },
    { label: 'abuse', from: '', to: `abuse@${domain}` },
    { label: 'stranger to postmaster', from: STRANGER, to: `postmaster@${domain}` },
  ]
}
export const exchangerEnvelopes = (domain: string, target: Target): Probe<ExchangerLook<SmtpEnvelopes>> =>
  atExchangers(domain, 'envelopes', 'mail', (place) => smtpEnvelopes(place, relayMatrix(domain, foreignOf(target)), { tls: 'where-offered' }))
export const submissionEnvelopes = (place: SmtpPlace, target: Target): Probe<SmtpEnvelopes> =>
  smtpEnvelopes(place, relayMatrix(target.domain, foreignOf(target)), { tls: 'always' })

export const envelope = (seen: SmtpEnvelopes, label: string): EnvelopeSeen | undefined => seen.envelopes.find((one) => one.label === label)
/** What became of an envelope. `sender`: refused before there was a recipient; `address`: refused for the address itself, not for being a stranger's; `client`: for who asks. */
export type Fate = 'accepted' | 'refused' | 'address' | 'sender' | 'client' | 'relay-deferred' | 'deferred' | 'unanswered'
/** Refused for who asks, wherever he comes from or calls himself: of senders and recipients this says nothing. */
const OF_CLIENT = /\b(?:helo|ehlo)\b|block(?:ed|list)|black ?list|spamhaus|\bdnsbl\b|\brbl\b/i
const OF_SENDER = /sender (?:address|domain)|\bspf\b/i
export function fateOf({ mail, rcpt }: EnvelopeSeen): Fate {
  const said = rcpt ?? mail
  if (said === undefined || (rcpt === undefined && mail !== undefined && mail.code < 400)) return 'unanswered'
  if (said.code < 300) return 'accepted'
  // Postfix defers by default what it will never relay, and says so.
  if (said.code < 500) return rcpt?.code === 454 && /relay/i.test(said.lines.join(' ')) ? 'relay-deferred' : 'deferred'
  const text = said.lines.join(' ')
  if (OF_CLIENT.test(text)) return 'client'
  if (rcpt === undefined || OF_SENDER.test(text)) return 'sender'
  return said.enhanced?.startsWith('5.1.') === true ? 'address' : 'refused'
}
export const envelopeText = (one: EnvelopeSeen): string =>
  one.mail === undefined
    ? endText(one.ended)
    : `MAIL FROM:<${one.from}> ${replyText(one.mail)}${one.rcpt === undefined ? (one.ended === undefined ? '' : `; ${endText(one.ended)}`) : `; RCPT TO:<${one.to}> ${replyText(one.rcpt)}`}`

/** Always for somebody else, whatever stands before the at sign. */
const PLAIN_WAYS = ['null sender to a stranger', 'stranger to a stranger', 'own address to a stranger', 'source route']
/** For a mailbox of the domain by their form; a server that does not look at recipients takes them without passing anything on. */
const ODD_WAYS = ['percent', 'bang path', 'quoted']

const OWN = ['stranger to postmaster', 'postmaster', 'abuse', 'nobody of the domain']
/** Recipients of the domain itself are refused, too, and not for what they are: then nothing is known of what others are answered. */
export const refusesUs = ({ envelopes }: SmtpEnvelopes): boolean =>
  envelopes.filter(({ label }) => OWN.includes(label)).every((one) => ['refused', 'sender', 'client'].includes(fateOf(one)))

interface RelayCodes<Code extends string> {
  readonly open: Code
  readonly everything: Code
  readonly deferred: Code
  /** Everybody may hand in mail for the domain; false: those alone who sign in. */
  readonly everybody: boolean
}
/** Whether mail of strangers would be passed on. */
export function relayShown<Code extends string>(seen: SmtpEnvelopes, name: string, codes: RelayCodes<Code>): Shown<Code> {
  const expected = 'RCPT for other domains is refused for good (5xx)'
  if (seen.without !== undefined) return [{ unknown: `${name}: ${seen.without}` }]
  const find = (labels: readonly string[]): readonly EnvelopeSeen[] => seen.envelopes.filter(({ label }) => labels.includes(label))
  const nobody = envelope(seen, 'nobody of the domain')
  const looksAtNames = nobody !== undefined && ['refused', 'address'].includes(fateOf(nobody))
  const ways = [...find(PLAIN_WAYS), ...find(ODD_WAYS).filter((one) => looksAtNames || fateOf(one) !== 'accepted')]
  // One refusal shows that an acceptance means something.
  const discriminates = looksAtNames || ways.some((one) => ['refused', 'address'].includes(fateOf(one)))
  const say = (one: EnvelopeSeen): Evidence => line(seen, `${name}: ${one.label}`, expected, envelopeText(one))
  const accepted = ways.filter((one) => fateOf(one) === 'accepted')
  if (accepted.length > 0)
    return discriminates
      ? accepted.map((one) => ({ grade: 'fail', code: codes.open, evidence: say(one) }))
      : accepted.map((one) => ({ grade: 'warn', code: codes.everything, evidence: say(one), severity: 'high' }))
  const deferred = ways.filter((one) => fateOf(one) === 'relay-deferred')
  const open = ways.filter((one) => ['deferred', 'unanswered'].includes(fateOf(one)))
  if (open.length > 0) return open.map((one) => ({ unknown: `${name}, ${one.label}: ${envelopeText(one)}`, evidence: say(one) }))
  if (deferred.length > 0) return deferred.map((one) => ({ grade: 'warn', code: codes.deferred, evidence: say(one), severity: 'low' }))
  const refused = find(PLAIN_WAYS).filter((one) => fateOf(one) === 'refused')
  // Who refuses us everything may refuse us and nobody else.
  const own = find(OWN)
  if (refused.length > 0 && codes.everybody && refusesUs(seen))
    return own.slice(0, 1).map((one) => ({ unknown: `${name} refuses recipients of its own domain as well: ${envelopeText(one)}`, evidence: say(one) }))
  const [told] = find(PLAIN_WAYS)
  if (refused.length > 0) return ways.filter((one) => fateOf(one) !== 'accepted').map((one) => ({ grade: 'pass', evidence: say(one) }))
  // A server that asks for a login before anything else refuses every sender.
  if (ways.every((one) => fateOf(one) === 'sender' && one.mail?.code === 530)) return ways.map((one) => ({ grade: 'pass', evidence: say(one) }))
  return [
    {
      unknown: `${name} refused senders and addresses, which does not say whether it passes mail on (mail.mx.foreign names another recipient)`,
      ...(told === undefined ? {} : { evidence: say(told) }),
    },
  ]
}

/** Every envelope that was offered, and what became of it. */
export const envelopesFigure = (seen: readonly (readonly [server: string, envelopes: SmtpEnvelopes])[]): TableFigure => ({
  kind: 'table',
  title: 'Envelopes that were offered, none of them with a message',
  columns: ['server', 'way', 'MAIL FROM', 'RCPT TO', 'answer'],
  rows: seen.flatMap(([server, { envelopes }]) =>
    envelopes.map((one) => {
      const said = one.rcpt ?? one.mail
      return [server, one.label, `<${one.from}>`, `<${one.to}>`, said === undefined ? endText(one.ended) : replyText(said)]
    }),
  ),
})

const addressOf = (target: Target, place: SmtpPlace): string => pinnedAddresses(target, place.host)?.[0] ?? place.host
const flagsOf = (target: Target, place: SmtpPlace): string => `${bracketed(addressOf(target, place))}:${realPort(target, place.port) ?? place.port}`
/** The layer of TLS of a server, with its certificates. */
export const opensslMail = (target: Target, place: SmtpPlace, protocol: 'smtp' | 'imap' = 'smtp'): string =>
  opensslFor(target, place.host, [...(place.mode === 'plain' ? ['-starttls', protocol] : []), '-showcerts'], place.port)
/** Words typed at a server, shown with its answers. */
export function talkFor(target: Target, place: SmtpPlace, words: readonly string[]): string {
  const text = words.map((word) => `${word}\\r\\n`).join('')
  const printed = `(sleep 1; printf '${text.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'; sleep 2)`
  if (place.mode === 'tls') return `${printed} | openssl s_client -quiet -no_ign_eof -connect ${flagsOf(target, place)} -servername ${place.host}`
  return connectionFor(addressOf(target, place), realPort(target, place.port) ?? place.port, printed)
}
export const swaksFor = (target: Target, place: SmtpPlace, words: string): string =>
  `swaks --server ${flagsOf(target, place)} ${place.mode === 'tls' ? '--tls-on-connect ' : ''}${words}`
/** A connection to the server at hand of `atServers`, with what is said there. */
export const saidTo = (says?: string): string => connectionFor('"$mx"', MX_PORT, says)
/**
 * The same said to every server of a domain: those pinned by the target, or what MX names. @param words for a shell in which `mx` is the server;
 * port 25 stands behind it as `"$mx":25` or `"$mx" 25`
 */
export function atServers(target: Target, domain: string, words: string): string {
  const pins = (target.file.mail?.mx?.hosts ?? []).flatMap((name) => pinnedAddresses(target, name)?.[0] ?? []).map(bracketed)
  const from = pins.length > 0 ? pins.join(' ') : `$(${digFor(target, domain, 'MX')} +short | cut -d' ' -f2)`
  const port = realPort(target, MX_PORT) ?? MX_PORT
  return `for mx in ${from}; do ${words.replaceAll(/("\$mx"[ :])25(?!\d)/g, `$1${port}`)}; done`
}
