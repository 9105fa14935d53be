/** Who a received letter proves to be from: its DKIM signatures, SPF of the hop that brought it, DMARC over both (RFC 9989), and what its hops tell. Facts only. */
import { isIP } from 'node:net'
import { isLoopback, isPrivateAddress } from '../grammar/address.ts'
import { type DkimSignature, type DkimVerification, readDkimSignature, verifyDkim } from '../grammar/dkim-signature.ts'
import { type AuthMethod, type Hop, readAuthResults, readReceived, valuesOf } from '../grammar/mail-fields.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Target } from '../target.ts'
import type { MailDelivery } from '../target/mail-delivery.ts'
import { dmarcWalk, type DmarcWalk } from './dmarc.ts'
import { dnsQuery } from './dns.ts'
import { type DeliveryObservation, mailDelivery, type ReceivedMail } from './mail-delivery.ts'
import { spfCheckHost, type SpfEvaluation } from './spf.ts'

export interface SignatureSeen {
  /** Absent: it does not read, see `error`. */
  readonly signature?: DkimSignature
  readonly error?: string
  /** Name of the key's record. */
  readonly keyName?: string
  /** `temperror`: the key could not be asked for. */
  readonly result: DkimVerification['result'] | 'temperror'
  readonly reason: string
  readonly bodyBytes?: number
  readonly signedBytes?: number
  readonly keyBits?: number
  /** d= and From are of one domain: in the relaxed and in the strict sense. */
  readonly relaxed: boolean
  readonly strict: boolean
}
export interface SpfSeen {
  readonly address: string
  readonly domain: string
  readonly evaluation: SpfEvaluation
  readonly relaxed: boolean
  readonly strict: boolean
}
export interface Authentication {
  readonly mail: ReceivedMail
  readonly fromDomain: string
  readonly signatures: readonly SignatureSeen[]
  readonly spf?: SpfSeen
  /** Why SPF was not evaluated. */
  readonly spfUnknown?: string
  readonly walk?: DmarcWalk
  /** First hop of the letter last, as the fields stand there. */
  readonly hops: readonly Hop[]
  readonly arc: { readonly sets: number; readonly chain?: string; readonly newest?: string; readonly fault?: string }
  /** Of the receiving server that is declared to be believed; the topmost one. */
  readonly receiver?: { readonly server: string; readonly methods: readonly AuthMethod[] }
}
export interface AuthenticatedDelivery {
  readonly delivery: DeliveryObservation
  /** Absent: nothing arrived. */
  readonly seen?: Authentication
}

const MOST_SIGNATURES = 6
const MOST_HOPS = 40
const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()

/** The whole world of the target is pinned to this machine: then inner addresses are the outside. */
const allPinned = (target: Target): boolean => {
  const pins = Object.values(target.file.network?.addresses ?? {}).flat()
  return pins.length > 0 && pins.every((address) => isLoopback(address) || isPrivateAddress(address))
}
const isInner = (target: Target, address: string): boolean => (isLoopback(address) || isPrivateAddress(address)) && !allPinned(target)

/** The address that handed it to the receiving server: of the envelope, else of the topmost hop that names an outer one. */
function senderOf(target: Target, mail: ReceivedMail, hops: readonly Hop[]): { readonly address?: string; readonly greeting?: string; readonly why: string } {
  const { envelope } = mail
  if (envelope?.address !== undefined) {
    return isInner(target, envelope.address)
      ? { why: `it was handed over by ${envelope.address}, an inner address` }
      : { address: envelope.address, ...(envelope.greeting === undefined ? {} : { greeting: envelope.greeting }), why: '' }
  }
  if (mail.folder === undefined) return { why: 'a mail catcher does not tell who brought it' }
  const hop = hops.find(({ address, protocol }) => address !== undefined && !/LMTP/.test(protocol ?? '') && !isInner(target, address))
  if (hop?.address === undefined) return { why: 'no hop names an outer address' }
  return { address: hop.address, ...(hop.from === undefined ? {} : { greeting: hop.from }), why: '' }
}

async function organisational(context: ProbeContext, domain: string): Promise<string | undefined> {
  const seen = await context.observe(dmarcWalk(domain))
  return seen.ok ? seen.value.organisational : undefined
}

async function keyRecord(context: ProbeContext, name: string): Promise<{ readonly text: string } | { readonly error: string; readonly lasting: boolean }> {
  const seen = await context.observe(dnsQuery({ name, type: 'TXT' }))
  if (!seen.ok) return { error: `${name}: ${seen.failure.code}`, lasting: false }
  if (seen.value.rcode !== 'NOERROR' && seen.value.rcode !== 'NXDOMAIN') return { error: `${name}: ${seen.value.rcode}`, lasting: false }
  const texts = seen.value.answers.filter(({ type }) => type === 'TXT').map(({ value }) => value)
  const [text] = texts
  if (text === undefined) return { error: `there is no key at ${name}`, lasting: true }
  return texts.length > 1 ? { error: `there are ${texts.length} records at ${name}`, lasting: true } : { text }
}

const bitsOf = (record: string): number | undefined => {
  const bytes = Buffer.from((/(?:^|;)\s*p\s*=([^;]*)/.exec(record)?.[1] ?? '').replace(/\s+/g, ''), 'base64').length
  // SubjectPublicKeyInfo of RSA: 38 bytes around the modulus, a little less for short keys.
  return bytes === 32 ? 256 : bytes < 60 ? undefined : Math.round(((bytes - 30) * 8) / 256) * 256
}

async function authenticate(context: ProbeContext, declared: MailDelivery, mail: ReceivedMail): Promise<Authentication> {
  const { content } = mail
  const bytes = Buffer.from(mail.raw.buffer, mail.raw.byteOffset, mail.raw.byteLength).toString('latin1')
  const fromDomain = domainOf(content.from[0]?.address ?? '')
  const hops = valuesOf(content.fields, 'received').slice(0, MOST_HOPS).map(readReceived)
  const walked = fromDomain === '' || !fromDomain.includes('.') ? undefined : await context.observe(dmarcWalk(fromDomain))
  const walk = walked?.ok === true ? walked.value : undefined
  const aligned = async (domain: string): Promise<{ readonly relaxed: boolean; readonly strict: boolean }> => ({
    strict: domain === fromDomain,
    relaxed: domain === fromDomain || (walk !== undefined && (await organisational(context, domain)) === walk.organisational),
  })
  const signatures: SignatureSeen[] = []
  for (const field of content.fields.filter(({ name }) => name.toLowerCase() === 'dkim-signature').slice(0, MOST_SIGNATURES)) {
    const read = readDkimSignature(field.raw)
    if (!read.ok) {
      signatures.push({ error: read.error, result: 'permerror', reason: read.error, relaxed: false, strict: false })
      continue
    }
    const signature = read.value
    const keyName = `${signature.selector}._domainkey.${signature.domain}`
    const base = { signature, keyName, ...(await aligned(signature.domain)) }
    const record = await keyRecord(context, keyName)
    if (!('text' in record)) {
      signatures.push({ ...base, result: record.lasting ? 'permerror' : 'temperror', reason: record.error })
      continue
    }
    const keyBits = bitsOf(record.text)
    const shown = { ...base, ...(keyBits === undefined ? {} : { keyBits }) }
    if (mail.cut) signatures.push({ ...shown, result: 'temperror', reason: `the letter has ${mail.sizeBytes} bytes and was not read whole` })
    else signatures.push({ ...shown, ...verifyDkim(bytes, field, signature, record.text) })
  }
  const sender = senderOf(context.target, mail, hops)
  const mailFrom = mail.envelope?.from ?? content.returnPath
  let spf: SpfSeen | undefined
  let spfUnknown: string | undefined = sender.why === '' ? undefined : sender.why
  if (sender.address !== undefined && isIP(sender.address) !== 0) {
    const greeting = (sender.greeting ?? '').replace(/^\[|\]$/g, '').toLowerCase()
    if (mailFrom === undefined) spfUnknown = 'the envelope sender is not known'
    else {
      // A bounce has an empty envelope sender: the greeting stands for it (RFC 7208 §2.4).
      const domain = mailFrom === '' ? greeting : domainOf(mailFrom)
      const found = await context.observe(
        spfCheckHost({ address: sender.address, domain, sender: mailFrom === '' ? `postmaster@${domain}` : mailFrom, helo: greeting || domain }),
      )
      if (found.ok) spf = { address: sender.address, domain, evaluation: found.value, ...(await aligned(domain)) }
      else spfUnknown = `${found.failure.code}: ${found.failure.message}`
    }
  }
  const receiver = valuesOf(content.fields, 'authentication-results')
    .map(readAuthResults)
    .flatMap((read) => (read.ok && read.value.server === declared.inbox.authserv?.toLowerCase() ? [read.value] : []))[0]
  return {
    mail,
    fromDomain,
    signatures,
    ...(spf === undefined ? {} : { spf }),
    ...(spfUnknown === undefined ? {} : { spfUnknown }),
    ...(walk === undefined ? {} : { walk }),
    hops,
    arc: await arcOf(context, bytes, mail),
    ...(receiver === undefined ? {} : { receiver }),
  }
}

const ARC_SETS = 50
async function arcOf(context: ProbeContext, bytes: string, mail: ReceivedMail): Promise<Authentication['arc']> {
  const of = (name: string) => mail.content.fields.filter((field) => field.name.toLowerCase() === name)
  const number = (raw: string): number => Number(/(?:^|;)\s*i\s*=\s*(\d{1,3})\s*(?:;|$)/.exec(raw.replace(/\r?\n/g, ''))?.[1])
  const seals = of('arc-seal')
  const signatures = of('arc-message-signature')
  const sets = seals.length
  if (sets === 0 && signatures.length === 0) return { sets: 0 }
  const numbers = (fields: typeof seals): string =>
    fields
      .map(({ raw }) => number(raw))
      .sort((a, b) => a - b)
      .join()
  const wanted = Array.from({ length: sets }, (_, index) => index + 1).join()
  if (sets > ARC_SETS || numbers(seals) !== wanted || numbers(signatures) !== wanted || of('arc-authentication-results').length !== sets)
    return { sets, fault: 'the sets are not numbered from 1 without a gap' }
  const seal = seals.find(({ raw }) => number(raw) === sets)
  const chain = /(?:^|;)\s*cv\s*=\s*([a-z]+)/i.exec(seal?.raw ?? '')?.[1]?.toLowerCase()
  const newest = signatures.find(({ raw }) => number(raw) === sets)
  const read = newest === undefined ? undefined : readDkimSignature(newest.raw, true)
  if (newest === undefined || read?.ok !== true) return { sets, ...(chain === undefined ? {} : { chain }), fault: read?.ok === false ? read.error : 'unsigned' }
  const record = await keyRecord(context, `${read.value.selector}._domainkey.${read.value.domain}`)
  const verified = 'text' in record ? verifyDkim(bytes, newest, read.value, record.text).result : 'no key'
  return { sets, ...(chain === undefined ? {} : { chain }), newest: `${read.value.domain}: ${verified}` }
}

/** The letter of a delivery and what it proves. Never fails but with the delivery's own probe. @throws ProbeError */
export function mailAuthentication(declared: MailDelivery): Probe<AuthenticatedDelivery> {
  const inner = mailDelivery(declared)
  return {
    kind: 'mailAuthentication',
    key: `mailAuthentication ${declared.name}`,
    impact: 'mail',
    cost: { connections: 0, requests: 6 },
    ...(inner.host === undefined ? {} : { host: inner.host }),
    timeoutMs: 60_000,
    run: async (context) => {
      const seen = await context.observe(inner)
      if (!seen.ok) throw new ProbeError(seen.failure)
      const [mail] = seen.value.mails
      return mail === undefined ? { delivery: seen.value } : { delivery: seen.value, seen: await authenticate(context, declared, mail) }
    },
  }
}
