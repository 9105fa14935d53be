/** Judgement of the mail servers themselves: a healthy observation, then one thing wrong per case, and the traps that must not alarm. No sockets. */
import { describe, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import type { Check, Subject } from '../../helpers/check.ts'
import { parseCertificateCached } from '../../helpers/grammar/certificate.ts'
import { readExtensions, readReply, type SmtpReply } from '../../helpers/grammar/smtp-reply.ts'
import type { CertificateFacts, DnsObservation, HttpObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { ImapLook } from '../../helpers/probes/imap.ts'
import type { Exchanger, ExchangerLook } from '../../helpers/probes/mail-exchangers.ts'
import type { MailTls } from '../../helpers/probes/mail-wire.ts'
import type { EnvelopeSeen, SmtpEnd, SmtpEnvelopes, SmtpLook } from '../../helpers/probes/smtp.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'

const AT = new Date().toISOString()
const D = 'example.com'
const MX = 'mx1.example.net'
const POST = 'mail.example.net'
const checkOf = async (name: string): Promise<Check> => ((await import(`./${name}.check.ts`)) as { default: Check }).default
const ok = <T>(value: T): Observed<T> => ({ ok: true, value, startedAt: AT, durationMs: 1, attempts: 1 })
const no = (code: string, phase: 'connect' | 'resolve' | 'deadline' = 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, message: `${code} it was`, phase },
  startedAt: AT,
  durationMs: 1,
  attempts: 1,
})
const r = (...lines: string[]): SmtpReply => {
  const read = readReply(lines)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const end = (after: string, code = 'EOF', phase: 'response' | 'deadline' | 'tls' = 'response'): SmtpEnd => ({
  after,
  failure: { code, message: `${code} it was`, phase },
})
const targetOf = (mail: TargetInput['mail'] = {}): Target =>
  normaliseTarget(targetSchema.parse({ domain: D, mail: { mx: {}, ...mail } }), { sha256: '0'.repeat(64) })
const dns = (name: string, type: string, values: readonly string[], more: Partial<DnsObservation> = {}): DnsObservation => ({
  name,
  type,
  server: '192.0.2.53',
  rcode: values.length === 0 ? 'NXDOMAIN' : 'NOERROR',
  noData: false,
  answers: values.map((value) => ({ name, type, ttl: 300, value })),
  authority: [],
  authoritative: false,
  recursionAvailable: true,
  authenticated: true,
  transport: 'udp',
  truncated: false,
  durationMs: 1,
  at: AT,
  ...more,
})

async function tlsOf(spec: Partial<Parameters<typeof issueCertificate>[0]> = {}, names: readonly string[] = [MX, POST]): Promise<MailTls> {
  const { certificate, issuer } = await issueCertificate({ names, ...spec })
  const facts = (raw: ArrayBuffer): CertificateFacts => {
    const read = parseCertificateCached(new Uint8Array(raw))
    if (!read.ok) throw new Error(read.error)
    return read.value
  }
  const self = spec.issuer === 'self'
  const served = [facts(certificate.rawData), ...(self || spec.serveIntermediate === false ? [] : [facts(issuer.certificate.rawData)])]
  const root = self ? undefined : issuer.above.at(-1)
  const whole = !self && spec.serveIntermediate !== false && root !== undefined
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    served,
    store: 'declared',
    at: AT,
    paths: whole ? [{ certificates: [...served, facts(root.certificate.rawData)], anchor: 'declared' }] : [],
    longest: served,
    endsSelfSigned: self,
  }
}
const TLS = await tlsOf()
const EHLO = r('250-mx1.example.net', '250-SIZE 20971520', '250-STARTTLS', '250 8BITMIME')
const SECURE = r('250-mx1.example.net', '250-SIZE 20971520', '250 8BITMIME')
const BASE: SmtpLook = {
  place: { host: MX, port: 25, mode: 'plain' },
  peer: '192.0.2.25:25',
  at: AT,
  greeting: r('220 mx1.example.net ESMTP'),
  ehlo: EHLO,
  extensions: readExtensions(EHLO),
  plainAuth: r('503 5.5.1 authentication not enabled'),
  vrfy: { postmaster: r('252 2.0.0 maybe'), nobody: r('252 2.0.0 maybe') },
  expn: r('502 5.5.1 no'),
  startTls: r('220 go'),
  plainLeft: 0,
  tls: TLS,
  secureEhlo: SECURE,
  secureExtensions: readExtensions(SECURE),
}
type Change = Partial<{ -readonly [K in keyof SmtpLook]: SmtpLook[K] | undefined }>
/** With some things different, or (undefined) not seen. */
const but = <T extends object>(base: T, change: object): T =>
  Object.fromEntries(Object.entries({ ...base, ...change }).filter(([, value]) => value !== undefined)) as T
const RECORD = dns(D, 'MX', [`10 ${MX}`])
const at = <T>(seen: Observed<T>, name = MX): Exchanger<T> => ({ name, address: '192.0.2.25', seen })
const mx = <T>(...servers: Exchanger<T>[]): ExchangerLook<T> => ({ mx: RECORD, names: [MX], servers })
const look = (change: Change = {}): ExchangerLook<SmtpLook> => mx(at(ok(but(BASE, change))))

const domain: Subject = { name: D }
const submission = (entry: object = {}, mode: 'plain' | 'tls' = 'plain'): Subject => ({
  name: `${POST}:${mode === 'plain' ? 587 : 465}`,
  item: { entry: { host: POST, ...entry }, place: { host: POST, port: mode === 'plain' ? 587 : 465, mode }, kind: 'smtp' },
})
const judge = async (name: string, seen: unknown, subject: Subject = domain, target: Target = targetOf()): Promise<Verdict> => {
  const check = await checkOf(name)
  return check.judge(seen as never, { target, subject, now: new Date(), options: check.options })
}
type Case = readonly [what: string, seen: object, outcome: Verdict['outcome'], code?: string]
const table = (name: string, cases: readonly Case[], subject = domain, target = targetOf()): void => {
  describe(`mail/${name}`, () => {
    test.each(cases)('%s', async (_, seen, outcome, code) => {
      const verdict = await judge(name, seen, subject, target)
      expect({ outcome: verdict.outcome, code: 'code' in verdict ? verdict.code : undefined }).toEqual({
        outcome,
        code: outcome === 'inconclusive' ? (code ?? 'run.unobserved') : code,
      })
      if (outcome !== 'skip') expect(verdict.evidence.length).toBeGreaterThan(0)
      if ('code' in verdict && outcome !== 'inconclusive') expect(Object.keys((await checkOf(name)).codes)).toContain(verdict.code)
    })
    test('goes the other way, too', () => {
      expect(cases.some(([, , outcome]) => outcome === 'pass')).toBe(true)
      expect(cases.some(([, , outcome]) => outcome === 'fail' || outcome === 'warn')).toBe(true)
    })
  })
}

const noOld = mx(at(ok({ peer: 'x', at: AT })))
const NULL_MX: ExchangerLook<never> = { mx: dns(D, 'MX', ['0 .']), names: [], servers: [] }
table('starttls', [
  ['all is well', { look: look(), old: noOld }, 'pass'],
  ['null MX', { look: NULL_MX, old: NULL_MX }, 'skip'],
  [
    'not offered',
    { look: look({ extensions: readExtensions(SECURE), startTls: undefined, tls: undefined, secureEhlo: undefined }), old: noOld },
    'fail',
    'mail.starttls.absent',
  ],
  ['refused', { look: look({ startTls: r('454 4.7.0 no'), tls: undefined, secureEhlo: undefined }), old: noOld }, 'fail', 'mail.starttls.refused'],
  [
    'an alert',
    { look: look({ tls: undefined, secureEhlo: undefined, ended: end('the TLS handshake', 'ALERT_HANDSHAKE_FAILURE', 'tls') }), old: noOld },
    'fail',
    'mail.starttls.broken',
  ],
  [
    'silence after consent',
    { look: look({ tls: undefined, secureEhlo: undefined, ended: end('the TLS handshake', 'TIMEOUT', 'tls') }), old: noOld },
    'inconclusive',
  ],
  ['EHLO refused inside', { look: look({ secureEhlo: r('503 no') }), old: noOld }, 'fail', 'mail.starttls.deaf'],
  ['TLS 1.0', { look: look(), old: mx(at(ok({ protocol: 'TLSv1', peer: 'x', at: AT }))) }, 'pass'],
  [
    'silence at the greeting',
    { look: look({ greeting: undefined, ehlo: undefined, extensions: undefined, ended: end('the connection', 'TIMEOUT', 'deadline') }), old: noOld },
    'inconclusive',
  ],
  [
    'greeting 421',
    { look: look({ greeting: r('421 later'), ehlo: undefined, extensions: undefined, startTls: undefined, tls: undefined }), old: noOld },
    'inconclusive',
  ],
  ['one of two unreachable', { look: mx(at(ok(BASE)), at(no('ETIMEDOUT'), 'mx2.example.net')), old: noOld }, 'inconclusive'],
  [
    'one broken, one unreachable',
    { look: mx(at(ok(but(BASE, { startTls: r('454 no') }))), at(no('ETIMEDOUT'), 'mx2.example.net')), old: noOld },
    'fail',
    'mail.starttls.refused',
  ],
  ['MX not answered', { look: { ...look(), mx: dns(D, 'MX', [], { rcode: 'SERVFAIL' }) }, old: noOld }, 'inconclusive'],
])
test('mail/starttls: an old version of the same server is a warning', async () => {
  const old = mx(at(ok({ protocol: 'TLSv1', peer: 'x', at: AT })))
  const seen = { ...BASE, place: { ...BASE.place, address: '192.0.2.25' } }
  expect(await judge('starttls', { look: mx(at(ok(seen))), old })).toMatchObject({ outcome: 'warn', code: 'mail.starttls.old-versions', severity: 'medium' })
})
test('a silent port 25 is said to be perhaps our own', async () => {
  const verdict = await judge('starttls', { look: mx(at(no('ETIMEDOUT'))), old: noOld })
  expect(verdict).toMatchObject({ outcome: 'inconclusive' })
  expect('reason' in verdict ? verdict.reason : '').toContain('this machine may not go out on port 25')
})

const injected = (replies: readonly SmtpReply[], more: object = {}) => ({ startTls: r('220 go'), tls: TLS, replies, peer: 'x', at: AT, ...more })
const bye = r('221 bye')
for (const [name, wrap, subject, code] of [
  [
    'starttls-injection',
    (one: object, tls: boolean) => ({ look: mx(at(ok(one))), usual: mx(at(ok(but(BASE, { peer: 'x', ...(tls ? {} : { tls: undefined }) })))) }),
    domain,
    'mail.starttls.injection',
  ],
  [
    'submission-injection',
    (one: object, tls: boolean) => ({ look: one, usual: tls ? BASE : but(BASE, { tls: undefined }) }),
    submission(),
    'mail.submission.injection',
  ],
] as const)
  table(
    name,
    [
      ['one answer, goodbye', wrap(injected([SECURE, bye]), true), 'pass'],
      ['no goodbye', wrap(injected([SECURE], { ended: end('EHLO and QUIT') }), true), 'pass'],
      ['two answers', wrap(injected([r('250 2.0.0 Ok'), SECURE, bye]), true), 'fail', code],
      ['two answers and an end', wrap(injected([r('250 2.0.0 Ok'), SECURE], { ended: end('EHLO and QUIT') }), true), 'fail', code],
      ['the handshake is ended for it', wrap(injected([], { tls: undefined, ended: end('the TLS handshake', 'EOF', 'tls') }), true), 'pass'],
      ['the handshake never succeeds', wrap(injected([], { tls: undefined, ended: end('the TLS handshake', 'EOF', 'tls') }), false), 'inconclusive'],
      ['silence', wrap(injected([], { tls: undefined, ended: end('the TLS handshake', 'TIMEOUT', 'tls') }), true), 'inconclusive'],
      ['nothing inside', wrap(injected([], { ended: end('EHLO and QUIT', 'TIMEOUT') }), true), 'inconclusive'],
      ['STARTTLS refused', wrap(injected([], { startTls: r('554 5.7.0 improper command pipelining'), tls: undefined }), true), 'skip'],
    ],
    subject,
  )

const policy = (mode: string): Observed<HttpObservation> =>
  ok({
    status: 200,
    headers: [['Content-Type', 'text/plain']],
    body: Buffer.from(`version: STSv1\r\nmode: ${mode}\r\nmx: *.example.net\r\nmax_age: 604800\r\n`),
  } as unknown as HttpObservation)
const sts = (mode?: string) => ({ record: dns(`_mta-sts.${D}`, 'TXT', []), ...(mode === undefined ? {} : { policy: policy(mode) }) })
const { createHash } = await import('node:crypto')
const { certificateLinks } = await import('../../helpers/grammar/certificate.ts')
const keyPin = (tls: MailTls): string =>
  `3 1 1 ${createHash('sha256')
    .update(certificateLinks((tls.served[0] as CertificateFacts).raw)?.spki ?? Buffer.alloc(0))
    .digest('hex')}`
const issuerPin = (tls: MailTls): string =>
  `2 0 1 ${createHash('sha256')
    .update((tls.served[1] as CertificateFacts).raw)
    .digest('hex')}`
const dane = (values: readonly string[], more: Partial<DnsObservation> = {}) => ({
  mx: RECORD,
  servers: [{ name: MX, tlsa: ok(dns(`_25._tcp.${MX}`, 'TLSA', values, more)), addresses: [ok(dns(MX, 'A', ['192.0.2.25']))] }],
})
const NEXT = `3 1 1 ${'05'.repeat(32)}`
const [EXPIRED, OTHER, SELF, ALONE] = await Promise.all([
  tlsOf({ notAfterDays: -2 }),
  tlsOf({}, ['www.example.com']),
  tlsOf({ issuer: 'self' }),
  tlsOf({ serveIntermediate: false }),
])
table('starttls-cert', [
  ['valid', { look: look(), sts: sts(), dane: dane([]) }, 'pass'],
  ['expired, enforced', { look: look({ tls: EXPIRED }), sts: sts('enforce'), dane: dane([]) }, 'fail', 'mail.certificate.enforced'],
  [
    'another name, enforced, named by DANE',
    { look: look({ tls: OTHER }), sts: sts('enforce'), dane: dane([keyPin(OTHER)]) },
    'fail',
    'mail.certificate.enforced',
  ],
  ['self-signed, nobody looks', { look: look({ tls: SELF }), sts: sts(), dane: dane([]) }, 'warn', 'mail.certificate.opportunistic'],
  ['self-signed, opted out', { look: look({ tls: SELF }), sts: sts('none'), dane: dane([]) }, 'warn', 'mail.certificate.opportunistic'],
  ['self-signed, testing', { look: look({ tls: SELF }), sts: sts('testing'), dane: dane([]) }, 'warn', 'mail.certificate.testing'],
  ['self-signed, named by DANE', { look: look({ tls: SELF }), sts: sts(), dane: dane([keyPin(SELF)]) }, 'pass'],
  [
    'self-signed, named by DANE without DNSSEC',
    { look: look({ tls: SELF }), sts: sts(), dane: dane([keyPin(SELF)], { authenticated: false }) },
    'warn',
    'mail.certificate.opportunistic',
  ],
  ['leaf alone, enforced', { look: look({ tls: ALONE }), sts: sts('enforce'), dane: dane([]) }, 'fail', 'mail.certificate.enforced'],
  ['no TLS', { look: look({ tls: undefined }), sts: sts('enforce'), dane: dane([]) }, 'skip'],
])
table('dane-match', [
  ['3 1 1 of the leaf', { look: look(), dane: dane([keyPin(TLS)]) }, 'pass'],
  ['roll-over: the next key first', { look: look(), dane: dane([NEXT, keyPin(TLS)]) }, 'pass'],
  ['2 0 1 of the authority', { look: look(), dane: dane([issuerPin(TLS), NEXT]) }, 'pass'],
  ['3 1 1 does not mind dates', { look: look({ tls: EXPIRED }), dane: dane([keyPin(EXPIRED)]) }, 'pass'],
  ['3 1 1 does not mind names', { look: look({ tls: OTHER }), dane: dane([keyPin(OTHER)]) }, 'pass'],
  ['2 0 1 minds dates', { look: look({ tls: EXPIRED }), dane: dane([issuerPin(EXPIRED)]) }, 'fail', 'mail.dane.authority'],
  ['2 0 1 minds names', { look: look({ tls: OTHER }), dane: dane([issuerPin(OTHER)]) }, 'fail', 'mail.dane.authority'],
  ['2 0 1 of an authority that is not served', { look: look({ tls: ALONE }), dane: dane([issuerPin(TLS)]) }, 'fail', 'mail.dane.mismatch'],
  ['only the next key', { look: look(), dane: dane([NEXT]) }, 'fail', 'mail.dane.mismatch'],
  ['2 1 1 with the digest of the leaf’s key', { look: look(), dane: dane([keyPin(TLS).replace('3', '2')]) }, 'fail', 'mail.dane.mismatch'],
  ['usage 1 is no use', { look: look(), dane: dane([keyPin(TLS).replace('3', '1')]) }, 'skip'],
  ['no records', { look: look(), dane: dane([]) }, 'skip'],
  ['SERVFAIL', { look: look(), dane: dane([], { rcode: 'SERVFAIL' }) }, 'inconclusive'],
  ['not signed: ignored by senders', { look: look(), dane: dane([NEXT], { authenticated: false }) }, 'skip'],
  [
    'STARTTLS not offered',
    { look: look({ extensions: readExtensions(SECURE), startTls: undefined, tls: undefined }), dane: dane([NEXT]) },
    'fail',
    'mail.dane.no-tls',
  ],
  ['silence', { look: look({ tls: undefined, ended: end('the TLS handshake', 'TIMEOUT', 'tls') }), dane: dane([NEXT]) }, 'inconclusive'],
])

const LABELS = [
  'null sender to a stranger',
  'stranger to a stranger',
  'own address to a stranger',
  'percent',
  'bang path',
  'source route',
  'quoted',
  'nobody of the domain',
  'postmaster',
  'abuse',
  'stranger to postmaster',
]
const RELAY_DENIED = '554 5.7.1 Relay access denied'
const env = (change: Readonly<Record<string, string | object>> = {}, more: Partial<SmtpEnvelopes> = {}): SmtpEnvelopes => ({
  peer: 'x',
  at: AT,
  ...more,
  envelopes: LABELS.map((label) => {
    const usual = label.includes('postmaster') || label === 'abuse' ? '250 2.1.5 Ok' : label.startsWith('nobody') ? '550 5.1.1 unknown' : RELAY_DENIED
    const what = change[label] ?? change['*'] ?? usual
    const base = { label, from: '', to: 'x@example.org', mail: r('250 2.1.0 Ok') }
    return typeof what === 'string' ? { ...base, rcpt: r(what) } : but(base, what)
  }),
})
const sender = (text: string): Partial<EnvelopeSeen> => ({ mail: r(text) })
const relayCases = (wrap: (one: SmtpEnvelopes) => object, prefix: 'mail.relay' | 'mail.submission.relay', open: string): readonly Case[] => [
  ['refused for good', wrap(env()), 'pass'],
  ['taken from the null sender', wrap(env({ 'null sender to a stranger': '250 Ok' })), 'fail', open],
  ['taken from own addresses', wrap(env({ 'own address to a stranger': '250 Ok' })), 'fail', open],
  ['taken by percent', wrap(env({ percent: '250 Ok' })), 'fail', open],
  ['taken as a source route', wrap(env({ 'source route': '251 will forward' })), 'fail', open],
  [
    'everybody is taken, nobody too',
    wrap(env({ '*': '250 Ok' })),
    'warn',
    prefix === 'mail.relay' ? 'mail.relay.accepts-everything' : 'mail.submission.relay-everything',
  ],
  [
    'names of the domain are not looked at, percent is one of them',
    wrap(env({ percent: '250 Ok', quoted: '250 Ok', 'bang path': '250 Ok', 'nobody of the domain': '250 Ok' })),
    'pass',
  ],
  [
    'names of the domain are not looked at, strangers are taken',
    wrap(env({ 'nobody of the domain': '250 Ok', 'stranger to a stranger': '250 Ok' })),
    'fail',
    open,
  ],
  ['greylisting', wrap(env({ '*': '450 4.2.0 Greylisted' })), 'inconclusive'],
  ['451 for one of them', wrap(env({ 'stranger to a stranger': '451 4.3.0 later' })), 'inconclusive'],
  [
    'Postfix defers what it never relays',
    wrap(env(Object.fromEntries(LABELS.slice(0, 7).map((label) => [label, '454 4.7.1 <x>: Relay access denied'])))),
    'warn',
    prefix === 'mail.relay' ? 'mail.relay.deferred' : 'mail.submission.relay-deferred',
  ],
  ['refused for the address only', wrap(env(Object.fromEntries(LABELS.slice(0, 7).map((label) => [label, '550 5.1.2 no such domain'])))), 'inconclusive'],
  ['senders refused', wrap(env(Object.fromEntries(LABELS.map((label) => [label, sender('550 5.7.23 SPF')])))), 'inconclusive'],
  ['a login is asked for first', wrap(env(Object.fromEntries(LABELS.map((label) => [label, sender('530 5.7.0 Authentication required')])))), 'pass'],
  [
    'our name is refused',
    wrap(env(Object.fromEntries(LABELS.map((label) => [label, '550 5.7.1 <postproof.invalid>: Helo command rejected: Host not found'])))),
    'inconclusive',
  ],
  [
    'we are on a blocklist',
    wrap(env(Object.fromEntries(LABELS.map((label) => [label, '554 5.7.1 Client host blocked using bl.example.net'])))),
    'inconclusive',
  ],
  [
    'everything is refused',
    wrap(env(Object.fromEntries(LABELS.map((label) => [label, '554 5.7.1 <unknown[192.0.2.9]>: Client host rejected: Access denied'])))),
    prefix === 'mail.relay' ? 'inconclusive' : 'pass',
  ],
  ['the server went away', wrap(env(Object.fromEntries(LABELS.map((label) => [label, { mail: undefined, ended: end('MAIL') }])))), 'inconclusive'],
  ['nobody is let in', wrap(env({}, { without: 'the server answered 554' })), 'inconclusive'],
  [
    'one is taken, the rest not answered',
    wrap(env({ 'null sender to a stranger': '250 Ok', 'stranger to a stranger': { mail: undefined, ended: end('MAIL') } })),
    'fail',
    open,
  ],
]
table(
  'open-relay',
  relayCases((one) => ({ look: mx(at(ok(one))) }), 'mail.relay', 'mail.relay.open'),
)
table(
  'submission-relay',
  relayCases((one) => ({ seen: one }), 'mail.submission.relay', 'mail.submission.relay'),
  submission(),
)
const E = (one: SmtpEnvelopes) => ({ look: mx(at(ok(one))) })
table('null-sender', [
  ['accepted', E(env()), 'pass'],
  ['refused at MAIL', E(env({ postmaster: sender('550 no') })), 'fail', 'mail.null-sender.refused'],
  ['refused at RCPT, for the sender', E(env({ postmaster: '550 5.7.1 Sender address rejected: empty' })), 'fail', 'mail.null-sender.refused'],
  [
    'everybody is refused',
    E(env({ postmaster: '554 5.7.1 Client host rejected: Access denied', 'stranger to postmaster': '554 5.7.1 Client host rejected: Access denied' })),
    'inconclusive',
  ],
  ['refused at RCPT what others may send to', E(env({ postmaster: '554 5.7.1 Access denied' })), 'fail', 'mail.null-sender.refused'],
  ['our name refused', E(env({ postmaster: sender('550 5.7.1 <postproof.invalid>: Helo command rejected') })), 'inconclusive'],
  ['we are blocked', E(env({ postmaster: '554 5.7.1 Client host [192.0.2.9] blocked using bl.example.net' })), 'inconclusive'],
  ['postmaster unknown', E(env({ postmaster: '550 5.1.1 unknown' })), 'pass'],
  ['deferred', E(env({ postmaster: '450 later' })), 'inconclusive'],
  ['MAIL deferred', E(env({ postmaster: sender('451 later') })), 'inconclusive'],
])
table('role-addresses', [
  ['both', E(env()), 'pass'],
  ['no postmaster', E(env({ postmaster: '550 5.1.1 unknown' })), 'fail', 'mail.postmaster.refused'],
  ['refused for the sender', E(env({ postmaster: '554 5.7.1 <>: Sender address rejected' })), 'inconclusive'],
  ['everybody is refused', E(env({ '*': '554 5.7.1 Client host rejected: Access denied' })), 'inconclusive'],
  ['no abuse', E(env({ abuse: '550 5.1.1 unknown' })), 'warn', 'mail.abuse.refused'],
  ['greylisted', E(env({ postmaster: '450 4.2.0 later', abuse: '450 4.2.0 later' })), 'inconclusive'],
  ['sender refused', E(env({ postmaster: sender('550 no') })), 'inconclusive'],
])
table('vrfy-expn', [
  ['252 for all', { look: look() }, 'pass'],
  ['502 for all', { look: look({ vrfy: { postmaster: r('502 no'), nobody: r('502 no') } }) }, 'pass'],
  ['both refused alike', { look: look({ vrfy: { postmaster: r('550 no'), nobody: r('550 no') } }) }, 'pass'],
  ['they differ', { look: look({ vrfy: { postmaster: r('250 <a@b>'), nobody: r('550 no') } }) }, 'warn', 'mail.vrfy.enumerable'],
  ['both deferred alike', { look: look({ vrfy: { postmaster: r('454 no'), nobody: r('454 no') } }) }, 'pass'],
  ['deferred once', { look: look({ vrfy: { postmaster: r('252 x'), nobody: r('450 later') } }) }, 'inconclusive'],
  ['EXPN', { look: look({ expn: r('250-a@b', '250 c@d') }) }, 'warn', 'mail.expn.discloses'],
  ['broken off', { look: look({ vrfy: undefined, ended: end('VRFY') }) }, 'inconclusive'],
])
const offering = (word: string) => readExtensions(r('250-x', `250 ${word}`))
table('mx-auth', [
  ['none', { look: look() }, 'pass'],
  ['offered inside', { look: look({ secureExtensions: offering('AUTH PLAIN') }) }, 'warn', 'mail.mx-auth.offered'],
  ['offered in plain text', { look: look({ extensions: offering('AUTH PLAIN') }) }, 'fail', 'mail.mx-auth.plain'],
  ['taken in plain text', { look: look({ plainAuth: r('334 ') }) }, 'fail', 'mail.mx-auth.plain'],
  ['without TLS, without AUTH', { look: look({ tls: undefined, secureExtensions: undefined, startTls: r('502 no') }) }, 'pass'],
  ['broken off', { look: look({ plainAuth: undefined, ended: end('AUTH') }) }, 'inconclusive'],
])
const pointers = (...names: string[]) => ({ servers: [{ name: MX, address: '192.0.2.25', pointer: ok(dns('25.2.0.192.in-addr.arpa', 'PTR', names)) }] })
table('banner-ehlo', [
  ['its own name', { look: look(), pointers: pointers(MX) }, 'pass'],
  ['in capitals, with a dot', { look: look({ greeting: r('220 MX1.Example.NET. ESMTP') }), pointers: pointers(MX) }, 'pass'],
  ['one of two names', { look: look(), pointers: pointers('other.example.net', MX) }, 'pass'],
  ['another name', { look: look({ greeting: r('220 localhost ESMTP') }), pointers: pointers(MX) }, 'warn', 'mail.banner.name'],
  ['no name of the address', { look: look(), pointers: pointers() }, 'warn', 'mail.banner.without-pointer'],
  ['DNS silent', { look: look(), pointers: { servers: [{ name: MX, address: '192.0.2.25', pointer: no('TIMEOUT', 'resolve') }] } }, 'inconclusive'],
  ['554', { look: look({ greeting: r('554 no') }), pointers: pointers(MX) }, 'fail', 'mail.banner.refused'],
  ['421', { look: look({ greeting: r('421 no') }), pointers: pointers(MX) }, 'fail', 'mail.banner.deferred'],
  ['EHLO 502', { look: look({ ehlo: r('502 no'), extensions: undefined }), pointers: pointers(MX) }, 'fail', 'mail.ehlo.refused'],
  ['tarpit', { look: look({ greeting: undefined, ehlo: undefined, ended: end('the connection', 'TIMEOUT') }), pointers: pointers(MX) }, 'inconclusive'],
  ['refused, nobody else reached', { look: mx(at(no('ECONNREFUSED'))), pointers: pointers(MX) }, 'inconclusive'],
  [
    'refused, another reached',
    { look: mx(at(ok(BASE)), at(no('ECONNREFUSED'), 'mx2.example.net')), pointers: pointers(MX) },
    'fail',
    'mail.banner.no-listener',
  ],
  [
    'refused, the control reached',
    {
      look: { ...mx(at(no('ECONNREFUSED'))), control: { host: 'c', seen: ok({ address: '192.0.2.9', port: 25, state: 'open', at: AT }) } },
      pointers: pointers(MX),
    },
    'fail',
    'mail.banner.no-listener',
  ],
])
table('server-version', [
  ['none', { look: look() }, 'pass'],
  ['digits in the name', { look: look({ greeting: r('220 mx-1.2.example.net ESMTP') }) }, 'pass'],
  ['an address', { look: look({ greeting: r('220 mx ESMTP [192.0.2.25] at your service, 198.51.100.7') }) }, 'pass'],
  ['brackets that never close', { look: look({ greeting: r(`220 mx ESMTP ${'['.repeat(65_536)}`) }) }, 'pass'],
  ['a date', { look: look({ greeting: r('220 mx ESMTP Sat, 21 Nov 2026 12:00:00 +0000') }) }, 'pass'],
  ['Exim', { look: look({ greeting: r('220 mx ESMTP Exim 4.96') }) }, 'warn', 'mail.version.disclosed'],
  ['Sendmail', { look: look({ greeting: r('220 mx ESMTP Sendmail 8.17.1/8.17.1; Sat') }) }, 'warn', 'mail.version.disclosed'],
  ['in brackets', { look: look({ greeting: r('220 mx ESMTP Postfix (3.7.11)') }) }, 'warn', 'mail.version.disclosed'],
  ['in a second line', { look: look({ greeting: r('220-mx ESMTP', '220 x Exchange v15.2') }) }, 'warn', 'mail.version.disclosed'],
  ['no greeting', { look: look({ greeting: undefined, ended: end('the connection') }) }, 'inconclusive'],
])
table(
  'mx-hosts',
  [
    ['as declared', { seen: dns(D, 'MX', ['10 mx1.example.net', '20 MX2.example.net.']) }, 'pass'],
    ['a stranger', { seen: dns(D, 'MX', ['10 mx1.example.net', '20 mx2.example.net', '30 mx3.example.net']) }, 'fail', 'mail.mx.strange'],
    ['one is missing', { seen: dns(D, 'MX', ['10 mx1.example.net']) }, 'fail', 'mail.mx.missing-server'],
    ['SERVFAIL', { seen: dns(D, 'MX', [], { rcode: 'SERVFAIL' }) }, 'inconclusive'],
  ],
  domain,
  targetOf({ mx: { hosts: ['mx1.example.net', 'MX2.example.net'] } }),
)
const resolver = (values: readonly string[], rcode: DnsObservation['rcode'] = 'NOERROR') => ({
  name: 'x',
  server: 'x',
  seen: ok(dns(D, 'MX', values, { rcode })),
})
table('mx-resolvers', [
  ['the same, in another order', { all: [resolver(['10 a.example.net', '20 b.example.net']), resolver(['20 b.example.net', '10 a.example.net'])] }, 'pass'],
  ['different', { all: [resolver(['10 a.example.net']), resolver(['10 b.example.net'])] }, 'fail', 'mail.mx.resolvers-differ'],
  ['one is silent', { all: [resolver(['10 a.example.net']), { name: 'x', server: 'x', seen: no('TIMEOUT', 'resolve') }] }, 'inconclusive'],
  ['only one is asked', { all: [resolver(['10 a.example.net'])] }, 'skip'],
])
const listed = (value?: string) => ok(dns('25.2.0.192.bl.example.net', 'A', value === undefined ? [] : [value]))
const blocklist = (answer: ReturnType<typeof listed>, own: ReturnType<typeof listed> = listed('127.0.0.2')) => ({
  look: { addresses: [{ address: '192.0.2.25', of: MX, answers: [{ list: 'bl.example.net', seen: answer }] }], tests: [{ list: 'bl.example.net', seen: own }] },
})
table('dnsbl', [
  ['not listed', blocklist(listed()), 'pass'],
  ['listed', blocklist(listed('127.0.0.4')), 'warn', 'mail.dnsbl.listed'],
  ['127.255.255.254 means that the question was refused', blocklist(listed('127.255.255.254'), listed('127.255.255.254')), 'inconclusive'],
  ['refused only here', blocklist(listed('127.255.255.254')), 'inconclusive'],
  ['a dead list that names everybody', blocklist(listed('198.51.100.1'), listed('198.51.100.1')), 'inconclusive'],
  ['a list without its test entry', blocklist(listed(), listed()), 'inconclusive'],
  ['no answer', blocklist(no('TIMEOUT', 'resolve')), 'inconclusive'],
])
const walk = (text: string) => ({ domain: D, steps: [], unanswered: [], ...(text === '' ? {} : { policy: { domain: D, record: undefined } }) })
describe('mail/bimi', () => {
  test.each([
    ['missing', [], 'warn', 'mail.bimi.missing'],
    ['two', ['v=BIMI1; l=https://e.com/a.svg', 'v=BIMI1; l=https://e.com/b.svg'], 'fail', 'mail.bimi.malformed'],
    ['malformed', ['v=BIMI1; l=http://e.com/a.svg'], 'fail', 'mail.bimi.malformed'],
    ['without DMARC', ['v=BIMI1; l=https://e.com/a.svg'], 'warn', 'mail.bimi.without-enforcement'],
  ])('%s', async (_, values, outcome, code) => expect(await judge('bimi', { seen: dns('x', 'TXT', values), dmarc: walk('') })).toMatchObject({ outcome, code }))
})

const POST_PLAIN = but(BASE, {
  place: { host: POST, port: 587, mode: 'plain' },
  plainAuth: r('530 5.7.0 Must issue a STARTTLS command first'),
  secureExtensions: offering('AUTH PLAIN LOGIN'),
})
const POST_TLS = but(BASE, {
  place: { host: POST, port: 465, mode: 'tls' },
  extensions: offering('AUTH PLAIN'),
  startTls: undefined,
  secureEhlo: undefined,
  secureExtensions: undefined,
})
const p = (change: Change = {}): SmtpLook => but(POST_PLAIN, change)
const old = ok({ peer: 'x', at: AT })
const crossed = old
table(
  'submission-starttls',
  [
    ['all is well', { look: ok(p()), old, crossed }, 'pass'],
    ['not offered', { look: ok(p({ extensions: offering('SIZE') })), old, crossed }, 'fail', 'mail.submission.starttls-absent'],
    ['refused', { look: ok(p({ startTls: r('454 no') })), old, crossed }, 'fail', 'mail.submission.starttls-refused'],
    [
      'broken',
      { look: ok(p({ tls: undefined, secureEhlo: undefined, ended: end('the TLS handshake', 'EOF', 'tls') })), old, crossed },
      'fail',
      'mail.submission.starttls-broken',
    ],
    ['deaf', { look: ok(p({ secureEhlo: r('503 no') })), old, crossed }, 'fail', 'mail.submission.starttls-deaf'],
    ['TLS 1.1', { look: ok(p()), old: ok({ protocol: 'TLSv1.1', peer: 'x', at: AT }), crossed }, 'warn', 'mail.submission.old-versions'],
    ['nothing listens', { look: no('ECONNREFUSED'), old, crossed }, 'fail', 'mail.submission.no-listener'],
    ['silence of the network', { look: no('ETIMEDOUT'), old, crossed }, 'inconclusive'],
    ['port not mapped', { look: no('UNMAPPED'), old, crossed }, 'inconclusive', 'run.misused'],
    [
      'TLS first',
      {
        look: ok(p({ greeting: undefined, ehlo: undefined, extensions: undefined, ended: end('the connection', 'TIMEOUT') })),
        old,
        crossed: ok({ peer: 'x', at: AT, tls: TLS }),
      },
      'fail',
      'mail.submission.tls-on-plain',
    ],
    [
      'tarpit',
      { look: ok(p({ greeting: undefined, ehlo: undefined, extensions: undefined, ended: end('the connection', 'TIMEOUT') })), old, crossed },
      'inconclusive',
    ],
  ],
  submission(),
)
table(
  'submission-tls',
  [
    ['all is well', { look: ok(POST_TLS), old }, 'pass'],
    [
      'plain text',
      { look: ok(but(POST_TLS, { tls: undefined, greeting: undefined, ended: end('the TLS handshake', 'ERR_SSL_WRONG_VERSION_NUMBER', 'tls') })), old },
      'fail',
      'mail.submissions.plain',
    ],
    [
      'an alert',
      { look: ok(but(POST_TLS, { tls: undefined, greeting: undefined, ended: end('the TLS handshake', 'ALERT_HANDSHAKE_FAILURE', 'tls') })), old },
      'fail',
      'mail.submissions.handshake',
    ],
    ['silence', { look: ok(but(POST_TLS, { tls: undefined, greeting: undefined, ended: end('the TLS handshake', 'TIMEOUT', 'tls') })), old }, 'inconclusive'],
    ['554 inside', { look: ok(but(POST_TLS, { greeting: r('554 no'), ehlo: undefined })), old }, 'fail', 'mail.submissions.silent'],
    ['nothing inside', { look: ok(but(POST_TLS, { greeting: undefined, ehlo: undefined, ended: end('the connection', 'TIMEOUT') })), old }, 'inconclusive'],
    ['TLS 1.0', { look: ok(POST_TLS), old: ok({ protocol: 'TLSv1', peer: 'x', at: AT }) }, 'warn', 'mail.submissions.old-versions'],
    ['nothing listens', { look: no('ECONNREFUSED'), old }, 'fail', 'mail.submissions.no-listener'],
    ['filtered', { look: no('ETIMEDOUT'), old }, 'inconclusive'],
  ],
  submission({}, 'tls'),
)
table(
  'submission',
  [
    ['587', { look: p() }, 'pass'],
    ['465', { look: POST_TLS }, 'pass'],
    ['no AUTH', { look: p({ secureExtensions: offering('SIZE') }) }, 'fail', 'mail.submission.no-auth'],
    [
      'no TLS',
      { look: p({ extensions: offering('SIZE'), startTls: r('502 no'), tls: undefined, secureExtensions: undefined }) },
      'fail',
      'mail.submission.no-tls',
    ],
    ['turned away', { look: p({ greeting: r('554 no'), ehlo: undefined, extensions: undefined }) }, 'fail', 'mail.submission.refused'],
    ['421', { look: p({ greeting: r('421 later'), ehlo: undefined, extensions: undefined }) }, 'inconclusive'],
    ['broken off', { look: p({ tls: undefined, secureExtensions: undefined, ended: end('the TLS handshake') }) }, 'inconclusive'],
  ],
  submission(),
)
table(
  'submission-auth-before-tls',
  [
    ['530', { look: p() }, 'pass'],
    ['offered', { look: p({ extensions: offering('AUTH PLAIN') }) }, 'fail', 'mail.submission.plain-auth'],
    ['taken', { look: p({ plainAuth: r('334 ') }) }, 'fail', 'mail.submission.plain-auth'],
    ['451', { look: p({ plainAuth: r('451 later') }) }, 'inconclusive'],
    ['not known, not implemented', { look: p({ plainAuth: r('500 what') }) }, 'pass'],
    ['broken off', { look: p({ plainAuth: undefined, ended: end('AUTH') }) }, 'inconclusive'],
  ],
  submission(),
)
table(
  'submission-mechanisms',
  [
    ['usual', { look: p() }, 'pass'],
    ['modern beside', { look: p({ secureExtensions: offering('AUTH PLAIN SCRAM-SHA-256 OAUTHBEARER') }) }, 'pass'],
    ['CRAM-MD5', { look: p({ secureExtensions: offering('AUTH LOGIN CRAM-MD5') }) }, 'warn', 'mail.mechanism.retired'],
    ['NTLM', { look: p({ secureExtensions: offering('AUTH PLAIN NTLM') }) }, 'warn', 'mail.mechanism.retired'],
    ['ANONYMOUS', { look: p({ secureExtensions: offering('AUTH PLAIN ANONYMOUS') }) }, 'fail', 'mail.mechanism.anonymous'],
    ['unusual', { look: p({ secureExtensions: offering('AUTH SCRAM-SHA-256') }) }, 'warn', 'mail.mechanism.unusual'],
    ['empty', { look: p({ secureExtensions: offering('AUTH') }) }, 'warn', 'mail.mechanism.unusual'],
    ['no AUTH', { look: p({ secureExtensions: offering('SIZE') }) }, 'skip'],
    ['broken off', { look: p({ secureExtensions: undefined, ended: end('EHLO') }) }, 'inconclusive'],
  ],
  submission(),
)
table(
  'submission-size',
  [
    ['large enough', { look: p({ secureExtensions: offering('SIZE 26214400') }) }, 'pass'],
    ['no fixed limit', { look: p({ secureExtensions: offering('SIZE') }) }, 'pass'],
    ['too small', { look: p({ secureExtensions: offering('SIZE 10485760') }) }, 'fail', 'mail.size.too-small'],
    ['not announced', { look: p() }, 'warn', 'mail.size.not-announced'],
    ['no number', { look: p({ secureExtensions: offering('SIZE many') }) }, 'warn', 'mail.size.not-announced'],
    ['broken off', { look: p({ secureExtensions: undefined, extensions: undefined, ended: end('EHLO') }) }, 'inconclusive'],
  ],
  submission({ minSizeBytes: 26_214_400 }),
)
const login = (change: object) => ({ login: { peer: 'x', at: AT, mechanism: 'PLAIN', ...change } })
table(
  'submission-wrong-password',
  [
    ['535', login({ reply: r('535 5.7.8 no') }), 'pass'],
    ['534', login({ reply: r('534 5.7.9 too weak') }), 'pass'],
    ['235', login({ reply: r('235 2.7.0 welcome') }), 'fail', 'mail.password.any'],
    ['454', login({ reply: r('454 4.7.0 later') }), 'inconclusive'],
    ['not asked', login({ withheld: 'neither PLAIN nor LOGIN is offered' }), 'inconclusive'],
    ['hung up', login({ ended: end('AUTH') }), 'inconclusive'],
  ],
  submission({ user: 'app' }),
)
table(
  'submission-login',
  [
    ['235', login({ reply: r('235 2.7.0 welcome') }), 'pass'],
    ['535', login({ reply: r('535 5.7.8 no') }), 'fail', 'mail.password.refused'],
    ['454', login({ reply: r('454 4.7.0 later') }), 'inconclusive'],
    ['not sent', login({ withheld: 'the certificate does not name mail.example.net' }), 'inconclusive'],
  ],
  submission({ user: 'app', password: 'appPassword' }),
)
const signed = (label: string, change: object, more: Partial<SmtpEnvelopes> = {}) => ({
  seen: {
    peer: 'x',
    at: AT,
    ...more,
    envelopes: [but({ label, from: 'app@example.com', to: 'app@example.com', mail: r('250 Ok'), rcpt: r('250 Ok') }, change)],
  },
})
table(
  'submission-sender',
  [
    ['taken', signed('app@example.com', {}), 'pass'],
    ['refused at MAIL', signed('app@example.com', { mail: r('553 5.7.1 no'), rcpt: undefined }), 'fail', 'mail.sender.refused'],
    ['refused at RCPT', signed('app@example.com', { rcpt: r('553 5.7.1 no') }), 'fail', 'mail.sender.refused'],
    ['deferred', signed('app@example.com', { rcpt: r('451 later') }), 'inconclusive'],
    ['not signed in', signed('app@example.com', { mail: undefined, rcpt: undefined }, { without: 'signing in was answered 535' }), 'inconclusive'],
  ],
  submission({ user: 'app', senders: ['app@example.com'] }),
)
table(
  'submission-foreign-sender',
  [
    ['refused at MAIL', signed('foreign sender', { mail: r('553 5.7.1 no'), rcpt: undefined }), 'pass'],
    ['refused at RCPT', signed('foreign sender', { rcpt: r('553 5.7.1 no') }), 'pass'],
    ['taken', signed('foreign sender', {}), 'fail', 'mail.sender.anybody'],
    ['refused for the recipient', signed('foreign sender', { rcpt: r('550 5.1.1 unknown') }), 'inconclusive'],
    ['deferred', signed('foreign sender', { mail: r('451 later'), rcpt: undefined }), 'inconclusive'],
    ['not signed in', signed('foreign sender', {}, { without: 'signing in was answered 535' }), 'inconclusive'],
  ],
  submission({ user: 'app', foreignSender: 'director@example.org' }),
)
table(
  'submission-tls-required',
  [
    ['530', signed('plain', { mail: r('530 5.7.0 TLS first'), rcpt: undefined }), 'pass'],
    ['refused at RCPT', signed('plain', { rcpt: r('554 5.7.1 no') }), 'pass'],
    ['taken', signed('plain', {}), 'fail', 'mail.submission.plain-mail'],
    ['greylisted', signed('plain', { rcpt: r('450 later') }), 'inconclusive'],
    ['MAIL taken, then gone', signed('plain', { rcpt: undefined, ended: end('RCPT') }), 'inconclusive'],
  ],
  submission(),
)
const EXPIRING = await tlsOf({ notAfterDays: 3 })
table(
  'client-certificate',
  [
    ['valid', { look: p() }, 'pass'],
    ['another name', { look: p({ tls: OTHER }) }, 'fail', 'mail.client-certificate.name'],
    ['expired', { look: p({ tls: EXPIRED }) }, 'fail', 'mail.client-certificate.dates'],
    ['self-signed', { look: p({ tls: SELF }) }, 'fail', 'mail.client-certificate.untrusted'],
    ['leaf alone', { look: p({ tls: ALONE }) }, 'fail', 'mail.client-certificate.untrusted'],
    ['none', { look: p({ tls: { ...TLS, served: [], paths: [], longest: [] } }) }, 'fail', 'mail.client-certificate.untrusted'],
    ['expires soon', { look: p({ tls: EXPIRING }) }, 'warn', 'mail.client-certificate.expiring'],
    ['no TLS', { look: p({ tls: undefined }) }, 'skip'],
    ['broken off', { look: p({ tls: undefined, ended: end('the TLS handshake') }) }, 'inconclusive'],
  ],
  submission(),
)
const IMAP: ImapLook = {
  place: { host: POST, port: 143, mode: 'plain' },
  peer: 'x',
  at: AT,
  greeting: '* OK ready',
  capabilities: ['IMAP4REV1', 'STARTTLS', 'LOGINDISABLED'],
  plainAuth: 'a2 NO [PRIVACYREQUIRED] no',
  startTls: 'a3 OK go',
  tls: TLS,
  secureCapabilities: ['IMAP4REV1', 'AUTH=PLAIN'],
}
const i = (change: object = {}): ImapLook => but(IMAP, change)
const imap = (mode: 'plain' | 'tls'): Subject => ({ name: `${POST}:143`, item: { entry: {}, place: { host: POST, port: 143, mode } } })
table(
  'imap-tls',
  [
    ['all is well', { look: ok(i()) }, 'pass'],
    ['BYE', { look: ok(i({ greeting: '* BYE no' })) }, 'fail', 'mail.imap.refused'],
    [
      'plain text',
      { look: ok(i({ tls: undefined, ended: end('the TLS handshake', 'ERR_SSL_WRONG_VERSION_NUMBER', 'tls') })) },
      'fail',
      'mail.imap.plain-on-tls',
    ],
    ['an alert', { look: ok(i({ tls: undefined, ended: end('the TLS handshake', 'ALERT_PROTOCOL_VERSION', 'tls') })) }, 'fail', 'mail.imap.handshake'],
    ['silence', { look: ok(i({ tls: undefined, ended: end('the TLS handshake', 'TIMEOUT', 'tls') })) }, 'inconclusive'],
    ['dropped', { look: ok(i({ capabilities: undefined, ended: end('CAPABILITY') })) }, 'inconclusive'],
    ['nothing listens', { look: no('ECONNREFUSED') }, 'fail', 'mail.imap.no-listener'],
    ['filtered', { look: no('ETIMEDOUT') }, 'inconclusive'],
  ],
  imap('tls'),
)
table(
  'imap-starttls',
  [
    ['all is well', { look: ok(i()), injected: ok(i()) }, 'pass'],
    ['not offered', { look: ok(i({ capabilities: ['IMAP4REV1'] })), injected: ok(i()) }, 'fail', 'mail.imap.starttls-absent'],
    ['refused', { look: ok(i({ startTls: 'a3 NO', tls: undefined })), injected: ok(i()) }, 'fail', 'mail.imap.starttls-refused'],
    ['injected', { look: ok(i()), injected: ok(i({ injected: 'a4 OK NOOP' })) }, 'fail', 'mail.imap.injection'],
    ['the handshake is ended for the command', { look: ok(i()), injected: ok(i({ tls: undefined, ended: end('the TLS handshake', 'EOF', 'tls') })) }, 'pass'],
    ['injection not seen', { look: ok(i()), injected: ok(i({ tls: undefined, ended: end('the TLS handshake', 'TIMEOUT', 'tls') })) }, 'inconclusive'],
    ['injection not tried', { look: ok(i()), injected: no('ECONNRESET') }, 'inconclusive'],
    ['BYE', { look: ok(i({ greeting: '* BYE' })), injected: ok(i()) }, 'fail', 'mail.imap.bye'],
    ['nothing listens', { look: no('ECONNREFUSED'), injected: no('ECONNREFUSED') }, 'fail', 'mail.imap.starttls-no-listener'],
  ],
  imap('plain'),
)
table(
  'imap-login-disabled',
  [
    ['disabled', { look: i() }, 'pass'],
    ['SCRAM may stay', { look: i({ capabilities: ['LOGINDISABLED', 'AUTH=SCRAM-SHA-256'] }) }, 'pass'],
    ['not disabled', { look: i({ capabilities: ['IMAP4REV1', 'STARTTLS'] }) }, 'fail', 'mail.imap.login-enabled'],
    ['PLAIN offered', { look: i({ capabilities: ['LOGINDISABLED', 'AUTH=PLAIN'] }) }, 'fail', 'mail.imap.plain-auth'],
    ['asked for', { look: i({ plainAuth: '+ ' }) }, 'fail', 'mail.imap.plain-auth'],
    ['broken off', { look: i({ plainAuth: undefined, ended: end('AUTHENTICATE PLAIN') }) }, 'inconclusive'],
    ['nothing said', { look: i({ capabilities: undefined, ended: end('the connection') }) }, 'inconclusive'],
  ],
  imap('plain'),
)

describe('who is judged', () => {
  const names = async (name: string, mail: TargetInput['mail']): Promise<readonly string[]> =>
    (await checkOf(name)).subjects(normaliseTarget(targetSchema.parse({ domain: D, mail }), { sha256: '0'.repeat(64) })).map((subject) => subject.name)
  test('nobody, where nothing is declared', async () => {
    for (const name of ['starttls', 'open-relay', 'submission', 'imap-tls', 'client-certificate', 'dnsbl', 'bimi', 'mx-hosts'])
      expect(await names(name, {})).toEqual([])
  })
  test('domains with mail servers, not parked ones', async () =>
    expect(await names('starttls', { mx: {}, domains: ['example.com', 'example.org'], parked: ['example.net'] })).toEqual(['example.com', 'example.org']))
  test('each port of submission by what it begins with', async () => {
    const mail = {
      submission: [
        { host: POST, tls: 465 },
        { host: 'b.example.net', startTls: false as const, tls: 2465 },
        { host: 'c.example.net', startTls: 2587 },
      ],
    }
    expect(await names('submission', mail)).toEqual([`${POST}:587`, `${POST}:465`, 'b.example.net:2465', 'c.example.net:2587'])
    expect(await names('submission-starttls', mail)).toEqual([`${POST}:587`, 'c.example.net:2587'])
    expect(await names('submission-tls', mail)).toEqual([`${POST}:465`, 'b.example.net:2465'])
  })
  test('993 unless said otherwise', async () => {
    expect(await names('imap-tls', { imap: [{ host: POST }] })).toEqual([`${POST}:993`])
    expect(await names('imap-starttls', { imap: [{ host: POST }] })).toEqual([])
    expect(await names('client-certificate', { imap: [{ host: POST, startTls: 143 }] })).toEqual([`${POST}:143`, `${POST}:993`])
  })
})
test('no command to try again holds a password', async () => {
  const target = targetOf({ submission: [{ host: POST, user: 'app', password: 'appPassword', senders: ['a@example.com'], foreignSender: 'b@example.org' }] })
  for (const name of ['submission-login', 'submission-sender', 'submission-foreign-sender', 'submission-wrong-password']) {
    const check = await checkOf(name)
    const [subject] = check.subjects(target)
    expect(check.reproduce(subject as Subject, target)).toMatch(/"\$PASSWORD"|--auth-password wrong/)
  }
})
