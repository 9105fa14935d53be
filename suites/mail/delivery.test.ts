/** Judgement of received mail: a healthy letter, then one thing wrong per case, and the traps that must not alarm. Plain objects, no sockets. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import { type DmarcFound, organisationalDomain, policyDomain, readDmarc } from '../../helpers/grammar/dmarc.ts'
import { readDkimSignature } from '../../helpers/grammar/dkim-signature.ts'
import { readMail } from '../../helpers/grammar/mail-content.ts'
import { readReceived } from '../../helpers/grammar/mail-fields.ts'
import type { DmarcWalk } from '../../helpers/probes/dmarc.ts'
import type { Authentication, SignatureSeen, SpfSeen } from '../../helpers/probes/mail-authentication.ts'
import type { DeliveryObservation, ReceivedMail } from '../../helpers/probes/mail-delivery.ts'
import { chosenLink, forgedUrl, type LinkSeen, type LinkUses, maskedText, maskedUrl, type OpenedLink, tokenOf } from '../../helpers/probes/mail-link.ts'
import type { SinkSeen } from '../../helpers/probes/mail-sinks.ts'
import type { SpfResult } from '../../helpers/probes/spf.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import { isInnerHost } from './delivery.ts'

const NOW = new Date('2026-11-21T12:00:01.000Z')
const AT = '2026-11-21T12:00:00.000Z'
type Declared = NonNullable<NonNullable<TargetInput['mail']>['delivery']>[number]
const DELIVERY: Declared = {
  name: 'application',
  to: 'probe+{token}@example.net',
  trigger: { requests: [{ url: 'https://api.{domain}/forgot', json: { email: '{address}', key: '{secret:api}' } }] },
  inbox: { receive: { port: 2525 } },
  expect: {
    from: 'noreply@example.com',
    link: {
      host: 'app',
      path: '/reset',
      marker: 'New password',
      singleUse: true,
      use: { url: 'https://api.{domain}/reset', json: { token: '{link.token}' } },
      expires: { withinHours: 1, says: 'one hour' },
    },
  },
}
const targetOf = (change: Partial<Declared> = {}) =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {}, app: {} },
      secrets: { api: 'env:API' },
      mail: { delivery: [{ ...DELIVERY, ...change }], sinks: [{ product: 'mailhog', url: 'https://mail.{domain}' }] },
    }),
    { sha256: '0'.repeat(64) },
  )
const check = async (name: string): Promise<Check> => ((await import(`./${name}.check.ts`)) as { default: Check }).default
const reached = new Map<string, Set<string>>()
async function judge(name: string, seen: Readonly<Record<string, unknown>>, change: Partial<Declared> = {}): Promise<Verdict> {
  const one = await check(name)
  const target = targetOf(change)
  const [subject] = one.subjects(target)
  if (subject === undefined) throw new Error(`${name} has no subject`)
  expect(Object.keys(one.needs(subject, target, one.options)).sort()).toEqual(Object.keys(seen).sort())
  expect(one.reproduce(subject, target)).toMatch(/^(?:curl|swaks) /)
  const verdict = one.judge(seen as never, { target, subject, now: NOW, options: one.options })
  reached.set(one.id, (reached.get(one.id) ?? new Set()).add('code' in verdict && verdict.outcome !== 'inconclusive' ? verdict.code : verdict.outcome))
  if (verdict.outcome !== 'skip' && verdict.outcome !== 'inconclusive') {
    expect(verdict.evidence.length).toBeGreaterThan(0)
    if (verdict.outcome !== 'pass') expect(Object.keys(one.codes)).toContain(verdict.code)
  }
  return verdict
}
const said = (verdict: Verdict): string =>
  verdict.outcome === 'pass'
    ? 'pass'
    : verdict.outcome === 'skip'
      ? `skip ${verdict.skip}`
      : verdict.outcome === 'inconclusive'
        ? `inconclusive ${verdict.blame}`
        : `${verdict.outcome} ${verdict.code}`

const FIELDS = {
  Received: 'from app ([10.0.0.5]) by mail.example.com with ESMTPSA id 1; Sat, 21 Nov 2026 12:00:00 +0000',
  From: 'Shop <noreply@example.com>',
  To: 'probe+pp01@example.net',
  Subject: 'Reset your password',
  Date: 'Sat, 21 Nov 2026 12:00:00 +0000',
  'Message-ID': '<1@example.com>',
  'MIME-Version': '1.0',
  'Content-Type': 'text/plain; charset=utf-8',
}
const BODY = 'Hello,\r\n\r\nwithin one hour: https://app.example.com/reset?token=abcdef0123456789\r\n'
/** @param change fields to set, to leave out (undefined) or to repeat (a list) */
const raw = (change: Readonly<Record<string, string | readonly string[] | undefined>> = {}, body = BODY): Buffer =>
  Buffer.from(
    `${Object.entries({ ...FIELDS, ...change })
      .flatMap(([name, value]) => (value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`)))
      .join('')}\r\n${body}`,
  )
async function letter(bytes: Buffer = raw(), more: Partial<ReceivedMail> = {}): Promise<ReceivedMail> {
  return {
    id: '1',
    raw: bytes,
    sizeBytes: bytes.length,
    cut: false,
    arrivedAt: Date.parse(AT) + 1_000,
    latencyMs: 1_000,
    content: await readMail(bytes),
    envelope: {
      from: 'bounces@example.com',
      to: ['probe+pp01@example.net'],
      address: '203.0.113.25',
      greeting: 'mail.example.com',
      tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    },
    ...more,
  }
}
async function arrived(bytes: Buffer = raw(), more: Partial<DeliveryObservation> = {}, mail: Partial<ReceivedMail> = {}): Promise<DeliveryObservation> {
  return {
    mark: 'pp01',
    address: 'probe+pp01@example.net',
    inbox: '127.0.0.1:2525',
    triggeredAt: AT,
    trigger: { kind: 'request', where: 'https://api.example.com/forgot', code: 200, taken: true, reply: '200 OK', deferred: 0 },
    state: 'arrived',
    withinMs: 120_000,
    waitedMs: 6_000,
    mails: [await letter(bytes, mail)],
    count: 1,
    others: [],
    mishaps: [],
    removed: 1,
    ...more,
  }
}
const missing = async (more: Partial<DeliveryObservation> = {}): Promise<DeliveryObservation> => ({
  ...(await arrived()),
  state: 'missing',
  mails: [],
  count: 0,
  ...more,
})
const failure = (code: string) => ({ code, message: `${code} it was`, phase: 'connect' as const })

describe('mail/delivery', () => {
  const trigger = (code: number, kind: 'request' | 'submission' = 'request') => ({ kind, where: 'there', code, taken: false, reply: String(code), deferred: 0 })
  test.each<[string, () => Promise<DeliveryObservation>, string]>([
    ['in time', () => arrived(), 'pass'],
    ['exactly at the bound', () => arrived(raw(), {}, { latencyMs: 120_000 }), 'pass'],
    ['too late', () => arrived(raw(), {}, { latencyMs: 120_001 }), 'fail mail.delivery.late'],
    ['a latency that is no number', () => arrived(raw(), {}, { latencyMs: Number.NaN }), 'fail mail.delivery.late'],
    ['never', () => missing(), 'fail mail.delivery.missing'],
    [
      'a bounce instead',
      () => missing({ others: [{ nature: 'bounce', from: 'mailer-daemon@x', subject: 'Undelivered', excerpt: '550' }] }),
      'fail mail.delivery.bounced',
    ],
    ['only an answer', () => missing({ others: [{ nature: 'reply', from: 'a@x', subject: 'Re:', excerpt: '' }] }), 'fail mail.delivery.missing'],
    ['too large', () => missing({ mishaps: [{ kind: 'too-large', detail: '9 MB' }] }), 'fail mail.delivery.broken'],
    ['cut off first, whole at the second try', () => arrived(raw(), { mishaps: [{ kind: 'broken-off', detail: 'x' }] }), 'pass'],
    [
      'put off twice',
      async () => arrived(raw(), { trigger: { kind: 'submission', where: 'there', code: 250, taken: true, reply: 'ok', deferred: 2 } }),
      'warn mail.delivery.deferred',
    ],
    ['refused with 404', () => missing({ state: 'untriggered', trigger: trigger(404) }), 'fail mail.delivery.refused'],
    ['refused with 500', () => missing({ state: 'untriggered', trigger: trigger(500) }), 'fail mail.delivery.refused'],
    ['a limiter', () => missing({ state: 'untriggered', trigger: trigger(429) }), 'inconclusive unobserved'],
    ['an overloaded server', () => missing({ state: 'untriggered', trigger: trigger(503) }), 'inconclusive unobserved'],
    ['submission refuses for good', () => missing({ state: 'untriggered', trigger: trigger(550, 'submission') }), 'fail mail.delivery.refused'],
    ['submission puts off for ever', () => missing({ state: 'untriggered', trigger: trigger(451, 'submission') }), 'fail mail.delivery.refused'],
    [
      'nobody to ask',
      async () => {
        const { trigger: _, ...rest } = await missing({ state: 'untriggered', failure: failure('ECONNREFUSED') })
        return rest
      },
      'inconclusive unobserved',
    ],
    ['the inbox does not let us in', () => missing({ state: 'no-inbox', failure: failure('LOGIN_REFUSED') }), 'inconclusive misused'],
    ['the inbox is not there', () => missing({ state: 'no-inbox', failure: failure('ECONNRESET') }), 'inconclusive unobserved'],
    ['the catcher answers with a page', () => missing({ state: 'no-inbox', failure: failure('NOT_JSON') }), 'inconclusive unobserved'],
  ])('%s', async (_name, seen, expected) => {
    expect(said(await judge('delivery', { mail: await seen() }))).toBe(expected)
  })
  test('the command shows no secret', async () => {
    const one = await check('delivery')
    const target = targetOf()
    expect(one.reproduce(one.subjects(target)[0] as never, target)).toContain('$api')
  })
})

test.each<[string, Partial<DeliveryObservation>, string]>([
  ['one', {}, 'pass'],
  ['two', { count: 2 }, 'fail mail.delivery.twice'],
  ['none', { state: 'missing', mails: [], count: 0 }, 'skip not-applicable'],
  ['an inbox that cannot be read', { state: 'no-inbox', mails: [], count: 0 }, 'inconclusive unobserved'],
])('mail/delivery-once: %s', async (_name, more, expected) => {
  expect(said(await judge('delivery-once', { mail: await arrived(raw(), more) }))).toBe(expected)
})

test.each<[string, Buffer, Partial<ReceivedMail>, Partial<Declared>, string]>([
  ['as declared', raw(), {}, {}, 'pass'],
  ['in other letters', raw({ From: 'NoReply@Example.com' }), {}, {}, 'pass'],
  ['another address', raw({ From: 'root@example.com' }), {}, {}, 'fail mail.sender.from'],
  ['two From', raw({ From: ['a@example.com', 'noreply@example.com'] }), {}, {}, 'fail mail.sender.from-count'],
  ['two addresses in From', raw({ From: 'a@example.com, noreply@example.com' }), {}, {}, 'fail mail.sender.from-count'],
  ['no From', raw({ From: undefined }), {}, {}, 'fail mail.sender.from-count'],
  ['a made-up domain that nobody declared', raw({ From: 'shop@localhost' }), {}, { expect: {} }, 'fail mail.sender.placeholder'],
  ['the own domain, though it is example.com', raw(), {}, { expect: {} }, 'pass'],
  ['Reply-To of the machine', raw({ 'Reply-To': 'root@localhost' }), {}, {}, 'fail mail.sender.reply-to'],
  ['another Reply-To', raw({ 'Reply-To': 'x@example.com' }), {}, { expect: { replyTo: 'help@example.com' } }, 'fail mail.sender.reply-to'],
  ['no Reply-To', raw(), {}, { expect: { replyTo: 'help@example.com' } }, 'fail mail.sender.reply-to'],
  ['bounces elsewhere', raw(), {}, { expect: { envelopeFrom: 'bounces.example.com' } }, 'fail mail.sender.envelope'],
  ['bounces to the machine', raw(), { envelope: { from: 'www-data@web01', to: [] } }, {}, 'fail mail.sender.placeholder'],
  ['an empty envelope sender', raw(), { envelope: { from: '', to: [] } }, {}, 'warn mail.sender.null'],
])('mail/message-sender: %s', async (_name, bytes, mail, change, expected) => {
  expect(said(await judge('message-sender', { mail: await arrived(bytes, {}, mail) }, change))).toBe(expected)
})

const HTML = (text: string, html: string): Buffer =>
  raw(
    { 'Content-Type': 'multipart/alternative; boundary=b' },
    `--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${html}\r\n--b--\r\n`,
  )
/** 256 KiB made to keep an expression busy: what begins a match, again and again. */
const over = (piece: string): string => piece.repeat(Math.ceil(262_144 / piece.length))
test.each<[string, Buffer, Declared['expect'], string]>([
  ['as declared', raw(), { subject: 'reset', contains: ['within one'] }, 'pass'],
  ['a text over two lines', raw({}, 'within\r\n  one hour'), { contains: ['within one hour'] }, 'pass'],
  ['both alternatives', HTML('hello', '<p>hello</p>'), { html: true }, 'pass'],
  ['tags that never end', HTML('hello', over('hello <\r\n')), {}, 'pass'],
  ['styles that never end', HTML('hello', over('hello <style\r\n')), {}, 'pass'],
  ['a picture alone', HTML('hello', '<img src="https://x.example.com/a.png">'), {}, 'pass'],
  ['another subject', raw(), { subject: 'Welcome' }, 'fail mail.content.subject'],
  ['no subject', raw({ Subject: undefined }), {}, 'fail mail.content.no-subject'],
  ['a missing text', raw(), { contains: ['Goodbye'] }, 'fail mail.content.missing'],
  ['an empty body', raw({}, '\r\n'), {}, 'fail mail.content.empty'],
  ['an empty HTML part', HTML('hello', '<style>p{}</style><p>&nbsp;</p>'), {}, 'fail mail.content.empty'],
  ['an empty text part', HTML(' ', '<p>hello</p>'), {}, 'fail mail.content.empty'],
  ['no HTML', raw(), { html: true }, 'fail mail.content.no-html'],
  ['broken letters', raw({}, 'GrÃ¼ÃŸe'), {}, 'fail mail.content.form'],
  ['a missing file', raw(), { attachments: ['invoice.pdf'] }, 'fail mail.content.attachments'],
])('mail/message-content: %s', async (_name, bytes, expect_, expected) => {
  expect(said(await judge('message-content', { mail: await arrived(bytes) }, { expect: expect_ }))).toBe(expected)
})

test.each<[string, Buffer, string]>([
  ['nothing', raw(), 'pass'],
  ['braces of a style', HTML('x', '<style>p{{color:red}}</style><p>x</p>'), 'pass'],
  ['comments that never close', HTML('x', over('<!-- \r\n')), 'pass'],
  ['tags of ERB that never close', raw({}, over('<%= \r\n')), 'pass'],
  ['nothing but beginnings of addresses', raw({}, over('://a\r\n')), 'pass'],
  ['an address full of others', raw({}, `x${'://a'.repeat(200)}`), 'pass'],
  ['an empty value behind them', raw({}, `x${'://a'.repeat(200)}/undefined`), 'fail mail.template.unrendered'],
  ['a price, a percentage, a share', raw({}, 'You pay $5, 20% off, 50%of all. Dear Nullmeier, None of it is lost.'), 'pass'],
  ['words that mean nothing by it', raw({}, 'Attachments: none\r\nThe behaviour of null values is undefined.\r\nhttps://example.com/none-of-it'), 'pass'],
  ['Handlebars', raw({}, 'Hello {{name}}'), 'fail mail.template.unrendered'],
  ['in the subject', raw({ Subject: 'Hello ${user.name}' }), 'fail mail.template.unrendered'],
  ['in From', raw({ From: '{{ site }} <noreply@example.com>' }), 'fail mail.template.unrendered'],
  ['ERB', raw({}, 'Hello <%= name %>'), 'fail mail.template.unrendered'],
  ['Django', raw({}, 'Hello {% if a %}'), 'fail mail.template.unrendered'],
  ['printf', raw({}, 'Hello %(name)s'), 'fail mail.template.unrendered'],
  ['undefined', raw({}, 'Dear undefined,'), 'fail mail.template.unrendered'],
  ['an empty value in a link', raw({}, 'https://app.example.com/reset?token=undefined'), 'fail mail.template.unrendered'],
  ['a sum', raw({}, 'Total: NaN EUR'), 'fail mail.template.unrendered'],
  ['an object', raw({}, 'Total: [object Object]'), 'fail mail.template.unrendered'],
])('mail/message-template: %s', async (_name, bytes, expected) => {
  expect(said(await judge('message-template', { mail: await arrived(bytes) }))).toBe(expected)
})

test.each<[string, string, string]>([
  ['https', BODY, 'pass'],
  ['none', 'Hello', 'pass'],
  ['to somewhere else in the world', 'https://www.iana.org/', 'pass'],
  ['localhost', 'http://localhost:3000/x', 'fail mail.links.internal'],
  ['an inner address', 'https://10.0.0.7/x', 'fail mail.links.internal'],
  ['a container', 'https://backend:8080/x', 'fail mail.links.internal'],
  ['declared as inner', 'https://staging.example.com/x', 'fail mail.links.internal'],
  ['http', 'http://app.example.com/x', 'fail mail.links.http'],
  ['without a host', 'https:///reset', 'fail mail.links.broken'],
])('mail/message-links: %s', async (_name, body, expected) => {
  expect(said(await judge('message-links', { mail: await arrived(raw({}, body)) }, { expect: { internal: ['staging.example.com'] } }))).toBe(expected)
})

test('mail/message-links: a picture over http', async () => {
  const bytes = HTML('x', '<img src="http://app.example.com/logo.png">')
  expect(said(await judge('message-links', { mail: await arrived(bytes) }))).toBe('warn mail.links.picture-http')
})

test.each<[string, Buffer, string]>([
  ['sound', raw(), 'pass'],
  ['another zone', raw({ Date: 'Sat, 21 Nov 2026 14:00:00 +0200' }), 'pass'],
  ['no Date', raw({ Date: undefined }), 'fail mail.fields.date'],
  ['no date in Date', raw({ Date: '{{now}}' }), 'fail mail.fields.date'],
  ['an hour off: a wrong zone', raw({ Date: 'Sat, 21 Nov 2026 13:00:00 +0000' }), 'fail mail.fields.date'],
  ['no Message-ID', raw({ 'Message-ID': undefined }), 'fail mail.fields.message-id'],
  ['a malformed one', raw({ 'Message-ID': '1234' }), 'fail mail.fields.message-id'],
  ['one of localhost', raw({ 'Message-ID': '<1@localhost>' }), 'warn mail.fields.message-id-local'],
  ['To twice', raw({ To: ['a@example.net', 'probe+pp01@example.net'] }), 'fail mail.fields.twice'],
  ['no MIME-Version', raw({ 'MIME-Version': undefined }), 'warn mail.fields.mime'],
  ['neither MIME nor type', raw({ 'MIME-Version': undefined, 'Content-Type': undefined }), 'pass'],
])('mail/message-fields: %s', async (_name, bytes, expected) => {
  expect(said(await judge('message-fields', { mail: await arrived(bytes) }))).toBe(expected)
})

const signature = (more: Partial<SignatureSeen> & { readonly tags?: string } = {}): SignatureSeen => {
  const { tags = '', ...rest } = more
  const read = readDkimSignature(
    `v=1; a=rsa-sha256; d=example.com; s=s1; h=From:From:To:Subject:Date:List-Unsubscribe:List-Unsubscribe-Post; bh=aGFzaA==; b=c2ln${tags}`,
  )
  if (!read.ok) throw new Error(read.error)
  return {
    signature: read.value,
    keyName: 's1._domainkey.example.com',
    result: 'pass',
    reason: 'the signature holds',
    bodyBytes: 100,
    signedBytes: 100,
    keyBits: 2048,
    relaxed: true,
    strict: true,
    ...rest,
  }
}
const alien = (more: Partial<SignatureSeen> = {}): SignatureSeen => signature({ relaxed: false, strict: false, ...more })
const spf = (result: SpfResult, more: Partial<SpfSeen> = {}): SpfSeen => ({
  address: '203.0.113.25',
  domain: 'example.com',
  evaluation: { result, reason: 'why', lookups: 1, voids: 0 },
  relaxed: true,
  strict: true,
  ...more,
})
function walk(record = 'v=DMARC1; p=reject', unanswered: readonly string[] = []): DmarcWalk {
  const read = readDmarc(record)
  const found: DmarcFound[] = read.ok ? [{ domain: 'example.com', record: read.value }] : []
  const policy = policyDomain('example.com', found)
  return {
    domain: 'example.com',
    steps: [],
    organisational: organisationalDomain('example.com', found),
    ...(policy === undefined ? {} : { policy }),
    unanswered,
  }
}
async function proven(
  more: Partial<Authentication> = {},
  bytes = raw(),
  mail: Partial<ReceivedMail> = {},
): Promise<{ readonly letter: { readonly delivery: DeliveryObservation; readonly seen: Authentication } }> {
  const delivery = await arrived(bytes, {}, mail)
  return {
    letter: {
      delivery,
      seen: {
        mail: delivery.mails[0] as ReceivedMail,
        fromDomain: 'example.com',
        signatures: [signature()],
        spf: spf('pass'),
        walk: walk(),
        hops: [readReceived(FIELDS.Received)],
        arc: { sets: 0 },
        ...more,
      },
    },
  }
}

const unlisted = (): SignatureSeen => {
  const one = signature()
  if (one.signature === undefined) throw new Error('unread')
  return { ...one, signature: { ...one.signature, signed: ['from', 'from', 'to', 'subject', 'date'] } }
}
const withFields = (signed: readonly string[]): SignatureSeen => {
  const one = unlisted()
  return one.signature === undefined ? one : { ...one, signature: { ...one.signature, signed } }
}
test.each<[string, readonly SignatureSeen[], string]>([
  ['without Subject', [withFields(['from', 'from', 'to', 'date'])], 'warn mail.signature.fields'],
  ['From once', [withFields(['from', 'to', 'subject', 'date'])], 'warn mail.signature.oversign'],
  ['holds', [signature()], 'pass'],
  ['beside a broken one of the provider', [signature(), alien({ result: 'fail' })], 'pass'],
  ['beside an old one', [signature({ result: 'permerror' }), signature()], 'pass'],
  ['none', [], 'fail mail.signature.none'],
  ['broken', [signature({ result: 'fail' })], 'fail mail.signature.broken'],
  ['no key', [signature({ result: 'permerror', reason: 'there is no key' })], 'fail mail.signature.unusable'],
  ['of the provider alone', [alien()], 'fail mail.signature.alien'],
  ['unread', [{ error: 'without b', result: 'permerror', reason: 'without b', relaxed: false, strict: false }], 'fail mail.signature.unusable'],
  ['a key that could not be asked for', [signature({ result: 'temperror' })], 'inconclusive unobserved'],
  ['one broken, one that could not be asked for', [signature({ result: 'fail' }), signature({ result: 'temperror' })], 'fail mail.signature.broken'],
  ['expired', [signature({ tags: '; x=1700000000' })], 'warn mail.signature.expired'],
  ['good for a week', [signature({ tags: '; x=1795867200' })], 'pass'],
  ['in part', [signature({ tags: '; l=20', signedBytes: 20 })], 'warn mail.signature.length'],
  ['1024 bits', [signature({ keyBits: 1024 })], 'warn mail.signature.short'],
])('mail/received-dkim: %s', async (_name, signatures, expected) => {
  expect(said(await judge('received-dkim', await proven({ signatures })))).toBe(expected)
})

test.each<[SpfResult, string]>([
  ['pass', 'pass'],
  ['fail', 'fail mail.received.spf.fail'],
  ['softfail', 'warn mail.received.spf.softfail'],
  ['neutral', 'fail mail.received.spf.neutral'],
  ['none', 'fail mail.received.spf.none'],
  ['permerror', 'fail mail.received.spf.permerror'],
  ['temperror', 'inconclusive unobserved'],
])('mail/received-spf: %s', async (result, expected) => {
  expect(said(await judge('received-spf', await proven({ spf: spf(result) })))).toBe(expected)
})
test('mail/received-spf: an inner address proves nothing', async () => {
  const { letter: one } = await proven()
  const { spf: _, ...seen } = one.seen
  expect(said(await judge('received-spf', { letter: { ...one, seen: { ...seen, spfUnknown: 'an inner address' } } }))).toBe('skip not-applicable')
})

test.each<[string, Partial<Authentication>, string]>([
  ['both', {}, 'pass'],
  ['a sub-domain, relaxed', { spf: spf('pass', { strict: false }), signatures: [signature({ strict: false })] }, 'pass'],
  [
    'a sub-domain, strict',
    { spf: spf('pass', { strict: false }), signatures: [signature({ strict: false })], walk: walk('v=DMARC1; p=reject; adkim=s; aspf=s') },
    'fail mail.aligned.none',
  ],
  ['DKIM alone', { spf: spf('pass', { relaxed: false, strict: false }) }, 'warn mail.aligned.dkim-only'],
  ['SPF alone', { signatures: [] }, 'warn mail.aligned.spf-only'],
  ['SPF passes for somebody else', { signatures: [], spf: spf('pass', { relaxed: false, strict: false }) }, 'fail mail.aligned.none'],
  ['DKIM of somebody else', { signatures: [alien()], spf: spf('fail') }, 'fail mail.aligned.none'],
  ['SPF softfails', { signatures: [], spf: spf('softfail') }, 'fail mail.aligned.none'],
  ['the walk was not answered', { signatures: [alien()], spf: spf('fail'), walk: walk('', ['_dmarc.example.com: SERVFAIL']) }, 'inconclusive unobserved'],
  ['the key was not answered', { signatures: [signature({ result: 'temperror' })], spf: spf('fail') }, 'inconclusive unobserved'],
  ['no From', { fromDomain: '' }, 'fail mail.aligned.no-from'],
])('mail/received-dmarc: %s', async (_name, more, expected) => {
  const verdict = await judge('received-dmarc', await proven(more))
  expect(said(verdict)).toBe(expected)
  expect(verdict.figures?.[0]).toMatchObject({ kind: 'table' })
})
test('mail/received-dmarc: without SPF that could be known, DKIM is enough', async () => {
  const { letter: one } = await proven()
  const { spf: _, ...seen } = one.seen
  expect(said(await judge('received-dmarc', { letter: { ...one, seen } }))).toBe('pass')
})

const hop = (text: string, second = 0) => readReceived(`${text}; Sat, 21 Nov 2026 12:00:${String(second).padStart(2, '0')} +0000`)
test.each<[string, Partial<Authentication>, Partial<ReceivedMail>, string]>([
  ['encrypted', {}, {}, 'pass'],
  ['from a container, in plain', { hops: [hop('from app ([172.18.0.5]) by mail.example.com with ESMTP id 1')] }, {}, 'pass'],
  ['LMTP', { hops: [hop('from mx.example.net ([203.0.113.4]) by mx.example.net with LMTP id 1')] }, {}, 'pass'],
  ['between machines, in plain', { hops: [hop('from a.example.net ([198.51.100.9]) by mail.example.com with ESMTP id 1')] }, {}, 'warn mail.hop.plain'],
  ['to the inbox in plain', {}, { envelope: { from: 'a@example.com', to: [], tls: false } }, 'warn mail.hop.plain'],
  [
    'slow',
    {
      hops: [
        readReceived('from a by b with ESMTPS; Sat, 21 Nov 2026 12:02:00 +0000'),
        readReceived('from c by a with ESMTPS; Sat, 21 Nov 2026 12:00:00 +0000'),
      ],
    },
    {},
    'warn mail.hop.slow',
  ],
  [
    'a clock that is wrong',
    {
      hops: [
        readReceived('from a by b with ESMTPS; Sat, 21 Nov 2026 11:00:00 +0000'),
        readReceived('from c by a with ESMTPS; Sat, 21 Nov 2026 12:00:00 +0000'),
      ],
    },
    {},
    'warn mail.hop.clock',
  ],
  ['no hops told', { hops: [] }, {}, 'pass'],
  ['rubbish', { hops: [readReceived('\u0000'), readReceived('')] }, {}, 'pass'],
])('mail/received-hops: %s', async (_name, more, mail, expected) => {
  const verdict = await judge('received-hops', await proven(more, raw(), mail))
  expect(said(verdict)).toBe(expected)
  expect(verdict.figures?.[0]).toMatchObject({ kind: 'timeline' })
})

test.each<[string, Authentication['arc'], string]>([
  ['none', { sets: 0 }, 'pass'],
  ['whole', { sets: 1, chain: 'none', newest: 'a: pass' }, 'pass'],
  ['broken by a later relay', { sets: 2, chain: 'fail', newest: 'a: pass' }, 'warn mail.arc.broken'],
  ['gap', { sets: 1, fault: 'gap' }, 'warn mail.arc.broken'],
  ['does not hold', { sets: 1, chain: 'none', newest: 'a: fail' }, 'warn mail.arc.broken'],
])('mail/received-arc: %s', async (_name, arc, expected) => {
  expect(said(await judge('received-arc', await proven({ arc })))).toBe(expected)
})

const result = (method: string, word: string) => ({ method, result: word, properties: {} })
test.each<[string, Authentication['receiver'], string]>([
  ['all pass', { server: 'mx', methods: [result('spf', 'pass'), result('dkim', 'pass'), result('dmarc', 'pass')] }, 'pass'],
  ['one of two signatures', { server: 'mx', methods: [result('dkim', 'fail'), result('dkim', 'pass')] }, 'pass'],
  ['SPF broken by forwarding, DMARC passes', { server: 'mx', methods: [result('spf', 'fail'), result('dkim', 'pass'), result('dmarc', 'pass')] }, 'pass'],
  ['DMARC fails', { server: 'mx', methods: [result('dmarc', 'fail'), result('dkim', 'fail')] }, 'fail mail.receiver.fail'],
  ['nothing of ours', { server: 'mx', methods: [result('iprev', 'pass')] }, 'skip not-applicable'],
  ['silent', undefined, 'warn mail.receiver.silent'],
])('mail/received-results: %s', async (_name, receiver, expected) => {
  expect(
    said(await judge('received-results', await proven(receiver === undefined ? {} : { receiver }), { inbox: { receive: { port: 2525 }, authserv: 'mx' } })),
  ).toBe(expected)
})

test.each<[string, Buffer, Partial<ReceivedMail>, string]>([
  ['in the inbox', raw(), { folder: 'INBOX' }, 'pass'],
  ['in the junk', raw(), { folder: 'Junk' }, 'fail mail.junk'],
  ['marked', raw({ 'X-Spam-Flag': 'YES' }), { folder: 'INBOX' }, 'fail mail.junk'],
  ['by score', raw({ 'X-MS-Exchange-Organization-SCL': '6' }), { folder: 'INBOX' }, 'fail mail.junk'],
  ['looked at', raw({ 'X-Spam-Status': 'No, score=1' }), {}, 'pass'],
  ['not looked at', raw(), {}, 'skip not-applicable'],
])('mail/received-junk: %s', async (_name, bytes, mail, expected) => {
  expect(said(await judge('received-junk', { mail: await arrived(bytes, {}, mail) }))).toBe(expected)
})

const LEAVE = { 'List-Unsubscribe': '<https://news.example.com/leave/1>, <mailto:leave@example.com>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
test.each<[string, Readonly<Record<string, string | undefined>>, Partial<Authentication>, string]>([
  ['one click', LEAVE, {}, 'pass'],
  ['a signature that does not hold is told elsewhere', LEAVE, { signatures: [signature({ result: 'fail' })] }, 'pass'],
  ['signed, but for these fields', LEAVE, { signatures: [unlisted()] }, 'warn mail.unsubscribe.unsigned'],
  ['none', {}, {}, 'fail mail.unsubscribe.missing'],
  ['by mail only', { 'List-Unsubscribe': '<mailto:leave@example.com>' }, {}, 'warn mail.unsubscribe.one-click'],
  ['http', { ...LEAVE, 'List-Unsubscribe': '<http://news.example.com/leave/1>' }, {}, 'fail mail.unsubscribe.address'],
  ['inside', { ...LEAVE, 'List-Unsubscribe': '<https://localhost/leave/1>' }, {}, 'fail mail.unsubscribe.address'],
  ['no brackets', { ...LEAVE, 'List-Unsubscribe': 'https://news.example.com/leave/1' }, {}, 'fail mail.unsubscribe.malformed'],
  ['another word', { ...LEAVE, 'List-Unsubscribe-Post': 'yes' }, {}, 'fail mail.unsubscribe.malformed'],
])('mail/message-unsubscribe: %s', async (_name, fields, more, expected) => {
  expect(said(await judge('message-unsubscribe', await proven(more, raw(fields)), { kind: 'newsletter' }))).toBe(expected)
})

const page = (status: number, text = '', obstacle = false): OpenedLink => ({ ok: true, value: { status, hops: [], text, obstacle } })
const to = (path: string): OpenedLink => ({ ok: true, value: { status: 302, hops: [`https://app.example.com${path}`], text: '', obstacle: false } })
const gone: OpenedLink = { ok: false, code: 'ECONNREFUSED', message: 'refused' }
async function link(more: Partial<LinkSeen> = {}): Promise<LinkSeen> {
  return {
    delivery: await arrived(),
    shown: 'https://app.example.com/reset?token=<secret>',
    scheme: 'https',
    host: 'app.example.com',
    own: true,
    hasToken: true,
    opened: page(200, 'New password'),
    ...more,
  }
}
test.each<[string, Partial<LinkSeen>, string]>([
  ['works', {}, 'pass'],
  ['to another host', { host: 'www.example.com' }, 'fail mail.link.host'],
  ['http', { scheme: 'http' }, 'fail mail.link.http'],
  ['without a value', { hasToken: false }, 'fail mail.link.token'],
  ['404', { opened: page(404) }, 'fail mail.link.status'],
  ['another page', { opened: page(200, 'Sign in') }, 'fail mail.link.marker'],
  ['a wall', { opened: page(403, 'just a moment', true) }, 'inconclusive unobserved'],
  ['nobody there', { opened: gone }, 'fail mail.link.unreachable'],
])('mail/link: %s', async (_name, more, expected) => {
  expect(said(await judge('link', { link: await link(more) }))).toBe(expected)
})
test('mail/link: none', async () => {
  expect(said(await judge('link', { link: { delivery: await arrived(), own: false, hasToken: false } }))).toBe('fail mail.link.missing')
})

test.each<[string, string, Omit<LinkUses, 'link'>, string]>([
  ['once', 'link-single-use', { first: page(204), second: page(400) }, 'pass'],
  ['twice', 'link-single-use', { first: page(204), second: page(204) }, 'fail mail.link.reused'],
  ['never', 'link-single-use', { first: page(400), second: page(400) }, 'fail mail.link.unusable'],
  ['a limiter at the second time', 'link-single-use', { first: page(204), second: page(429, '', true) }, 'inconclusive unobserved'],
  ['silence at the second time', 'link-single-use', { first: page(204), second: gone }, 'inconclusive unobserved'],
  ['no link', 'link-single-use', {}, 'skip not-applicable'],
  ['refused', 'link-forged', { forged: page(400), first: page(204), second: page(400) }, 'pass'],
  ['accepted', 'link-forged', { forged: page(204), first: page(204), second: page(204) }, 'fail mail.link.forged'],
  ['everything is accepted and nothing works', 'link-forged', { forged: page(204), first: page(400), second: page(400) }, 'skip not-applicable'],
  ['a limiter', 'link-forged', { forged: page(429, '', true), first: page(204) }, 'inconclusive unobserved'],
  ['nothing to change', 'link-forged', { first: page(204) }, 'skip not-applicable'],
  ['a form that leads on, then back to where a new letter is asked for', 'link-single-use', { first: to('/login'), second: to('/forgot?expired=1') }, 'pass'],
  ['a form that leads on twice', 'link-single-use', { first: to('/users/17'), second: to('/users/17?again=1') }, 'fail mail.link.reused'],
  ['a form that leads on, then stands there again', 'link-single-use', { first: to('/done'), second: page(200) }, 'pass'],
  ['a forged value leads elsewhere', 'link-forged', { forged: to('/forgot'), first: to('/login') }, 'pass'],
  ['a forged value leads on as the right one does', 'link-forged', { forged: to('/login'), first: to('/login') }, 'fail mail.link.forged'],
])('mail/link-…: %s (%s)', async (_name, id, uses, expected) => {
  expect(said(await judge(id, { uses: { link: await link(), ...uses } }))).toBe(expected)
})

const OPENED = { link: { singleUse: true, marker: 'New password' } } satisfies Declared['expect']
test.each<[string, string, Omit<LinkUses, 'link'>, string]>([
  ['a page that says it is spent', 'link-single-use', { first: page(200, 'New password'), second: page(200, 'This link was used') }, 'pass'],
  ['the same page', 'link-single-use', { first: page(200, 'New password'), second: page(200, 'New password') }, 'fail mail.link.reused'],
  ['a page that says it is wrong', 'link-forged', { forged: page(200, 'No such link'), first: page(200, 'New password') }, 'pass'],
  ['the right page for any value', 'link-forged', { forged: page(200, 'New password'), first: page(200, 'New password') }, 'fail mail.link.forged'],
])('mail/link-…, opened alone: %s (%s)', async (_name, id, uses, expected) => {
  expect(said(await judge(id, { uses: { link: await link(), ...uses } }, { expect: OPENED }))).toBe(expected)
})

const EXPIRES = (hours: number): number => Math.round(Date.parse(AT) / 1000 + hours * 3_600)
test.each<[string, Partial<LinkSeen>, Declared['expect'], string]>([
  ['said and meant', { expiresAt: EXPIRES(1) }, DELIVERY.expect, 'pass'],
  ['only said', {}, DELIVERY.expect, 'pass'],
  ['a week', { expiresAt: EXPIRES(168) }, DELIVERY.expect, 'fail mail.link.expires-late'],
  ['over already', { expiresAt: EXPIRES(-1) }, DELIVERY.expect, 'fail mail.link.expired'],
  ['unsaid', {}, { link: { expires: { says: 'two hours' } } }, 'fail mail.link.expiry-unsaid'],
  ['not to be known', {}, { link: { expires: { withinHours: 1 } } }, 'skip not-applicable'],
])('mail/link-expiry: %s', async (_name, more, declared, expected) => {
  expect(said(await judge('link-expiry', { link: await link(more) }, { expect: declared }))).toBe(expected)
})

test.each<[string, Partial<SinkSeen>, string]>([
  ['empty', {}, 'pass'],
  ['gone', { failure: failure('ECONNREFUSED') }, 'pass'],
  ['not found', { failure: failure('HTTP_404') }, 'pass'],
  ['behind a login', { failure: failure('LOGIN_REFUSED') }, 'inconclusive unobserved'],
  ['a page', { failure: failure('NOT_JSON') }, 'inconclusive unobserved'],
  ['an error', { failure: failure('HTTP_500') }, 'inconclusive unobserved'],
  ['a copy', { caught: [{ id: '1', from: 'a', to: ['b'], subject: 's' }] }, 'fail mail.sink.copied'],
])('mail/capture-sink: %s', async (_name, more, expected) => {
  expect(said(await judge('capture-sink', { sink: { delivery: await arrived(), url: 'https://mail.example.com', caught: [], removed: false, ...more } }))).toBe(
    expected,
  )
})
test('mail/capture-sink: caught instead of delivered', async () => {
  const caught = [{ id: '1', from: 'a', to: ['b'], subject: 's' }]
  expect(said(await judge('capture-sink', { sink: { delivery: await missing(), url: 'https://mail.example.com', caught, removed: true } }))).toBe(
    'fail mail.sink.captured',
  )
})

describe('nothing arrived', () => {
  test.each(['message-sender', 'message-content', 'message-template', 'message-links', 'message-fields', 'received-junk'])('%s is skipped', async (name) => {
    expect(said(await judge(name, { mail: await missing() }))).toBe('skip not-applicable')
  })
  test.each(['received-dkim', 'received-spf', 'received-dmarc', 'received-hops', 'received-arc'])('%s is skipped', async (name) => {
    expect(said(await judge(name, { letter: { delivery: await missing() } }))).toBe('skip not-applicable')
  })
  test.each([
    ['link', 'link'],
    ['link-expiry', 'link'],
  ])('%s is skipped', async (name, need) => {
    expect(said(await judge(name, { [need]: await link({ delivery: await missing() }) }))).toBe('skip not-applicable')
  })
})

describe('links', () => {
  const wanted = targetOf()
  test('values are masked wherever they stand', () => {
    expect(maskedUrl('https://app.example.com/reset?token=abc&lang=en#x=1')).toBe('https://app.example.com/reset?token=<secret>&lang=<secret>#x=<secret>')
    expect(maskedUrl('https://news.example.com/confirm/9dec7785bb09552b36489598ef167d8e')).toBe('https://news.example.com/confirm/<secret>')
    expect(maskedUrl('https://a.example.com/r/eyJhbGciOi.eyJzdWIi.c2ln/done')).toBe('https://a.example.com/r/<secret>/done')
    expect(maskedUrl('https://a.example.com')).toBe('https://a.example.com')
    expect(maskedText('see https://a.example.com/?t=abc now')).toBe('see https://a.example.com/?t=<secret> now')
  })
  test.each<[string, string | undefined]>([
    ['https://a.example.com/reset?token=abc', 'abc'],
    ['https://a.example.com/reset?lang=en&code=abc', 'abc'],
    ['https://a.example.com/confirm/0123456789', '0123456789'],
    ['https://a.example.com/#/reset?token=abc', 'abc'],
    ['https://a.example.com/reset?token=', undefined],
    ['https://a.example.com/', undefined],
    ['no link', undefined],
  ])('the value of %s', (url, value) => {
    expect(tokenOf(url, {})).toBe(value)
  })
  test('a changed value is as long, and another', () => {
    for (const url of ['https://a.example.com/reset?token=abcdef012345', 'https://a.example.com/c/mmmmmmmmmm', 'https://a.example.com/?t=a%20bcdefghij0']) {
      const forged = forgedUrl(url, tokenOf(url, {}) ?? '')
      expect(forged).toHaveLength(url.length)
      expect(forged).not.toBe(url)
    }
    expect(forgedUrl('https://a.example.com/?t=ab', 'ab')).toBeUndefined()
  })
  test('the one that is meant, not the one of the footer', async () => {
    const mail = await arrived(raw({}, 'https://www.example.com/ https://app.example.com/reset?token=abcdef https://news.example.net/x'))
    expect(chosenLink(mail, {}, wanted)).toContain('token=')
    expect(chosenLink(mail, { path: '/x' }, wanted)).toBe('https://news.example.net/x')
    expect(chosenLink(mail, { path: '/none' }, wanted)).toBeUndefined()
  })
})

test('a deployment may live inside altogether', async () => {
  const target = normaliseTarget(
    targetSchema.parse({ domain: 'shop.internal', hosts: { '@': {}, app: {} }, mail: { delivery: [{ ...DELIVERY, expect: {} }] } }),
    { sha256: '0'.repeat(64) },
  )
  const one = await check('message-links')
  const [subject] = one.subjects(target)
  if (subject === undefined) throw new Error('no subject')
  const context = { target, subject, now: NOW, options: one.options }
  expect(said(one.judge({ mail: await arrived(raw({}, 'https://app.shop.internal/x')) } as never, context))).toBe('pass')
  expect(said(one.judge({ mail: await arrived(raw({}, 'https://app.other.internal/x')) } as never, context))).toBe('fail mail.links.internal')
})

test.each(['localhost', 'web01', 'app.internal', '127.0.0.1', '192.168.1.4', '[::1]', 'host.docker.internal', 'shop.test', 'nas.local'])(
  '%s is inside',
  (host) => {
    expect(isInnerHost(host)).toBe(true)
  },
)
test.each(['example.com', 'app.example.com', '203.0.113.9', 'internal.example.com', 'localhost.example.com', 'test.com', '11.0.0.1'])('%s is not', (host) => {
  expect(isInnerHost(host)).toBe(false)
})

test('every check of received mail is judged here, green and with every code', async () => {
  const names = readdirSync(import.meta.dirname).flatMap((file) => /^((?:delivery|message|link|received|capture)[a-z-]*)\.check\.ts$/.exec(file)?.[1] ?? [])
  expect(names.length).toBeGreaterThan(15)
  for (const name of names) {
    const one = await check(name)
    const seen = reached.get(one.id) ?? new Set()
    expect(seen, name).toContain('pass')
    expect(
      Object.keys(one.codes).filter((code) => !seen.has(code)),
      name,
    ).toEqual([])
  }
})
