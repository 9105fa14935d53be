/**
 * One DNS question to one server over UDP, over TCP when the answer was cut (RFC 1035, 6891). Answers that do not match id and question are
 * ignored; rcodes, NODATA, silence and refusal stay distinct. No cache of ours, no search list.
 */
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
import { connect, isIP } from 'node:net'
import packet from 'dns-packet'
import { readServiceBinding } from '../grammar/service-binding.ts'
import type { DnsObservation, DnsRecord } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { Turnstile } from './turnstile.ts'
import { loopDelaySince } from './connection.ts'

export interface DnsQuestion {
  readonly name: string
  readonly type: string
  /** `address[:port]`. @default the target's resolver, else the system's first */
  readonly server?: string
  /** @default true */
  readonly recursionDesired?: boolean
  readonly checkingDisabled?: boolean
  readonly dnssecOk?: boolean
  /** @default udp, and tcp when the answer is truncated */
  readonly transport?: 'udp' | 'tcp'
}

const RCODES: Readonly<Record<number, DnsObservation['rcode']>> = { 0: 'NOERROR', 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED' }
/** Per attempt; asked twice over UDP, as datagrams get lost. */
const UDP_WAIT_MS = 1_500
const TCP_WAIT_MS = 3_000
const MOST_BYTES = 65_535
const MOST_RECORDS = 512
const MOST_AT_ONCE = 32

const lower = (name: string): string => name.toLowerCase().replace(/\.$/, '')

/** `192.0.2.1:53`, `[2001:db8::1]:53`, a bare address. @throws ProbeError `BADSERVER` */
export function serverOf(text: string): { readonly address: string; readonly port: number } {
  if (isIP(text) !== 0) return { address: text, port: 53 }
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  const address = match?.[1] ?? match?.[2] ?? ''
  const port = match?.[3] === undefined ? 53 : Number(match[3])
  if (isIP(address) === 0 || port < 1 || port > 65_535) throw new ProbeError({ code: 'BADSERVER', message: `${text} is not address[:port]`, phase: 'resolve' })
  return { address, port }
}

/** The target's resolver, else the system's first. @throws ProbeError `NORESOLVER` */
export function resolverOf(context: Pick<ProbeContext, 'target'>): string {
  const server = context.target.file.network?.resolver ?? getServers()[0]
  if (server === undefined) throw new ProbeError({ code: 'NORESOLVER', message: 'no DNS server is configured', phase: 'resolve' })
  return server
}

interface Decoded {
  readonly id: number
  readonly type: 'query' | 'response'
  readonly flags: number
  readonly flag_tc: boolean
  readonly flag_aa: boolean
  readonly flag_ra: boolean
  readonly flag_ad: boolean
  readonly questions?: readonly { readonly name: string; readonly type: string }[]
  readonly answers?: readonly Answer[]
  readonly authorities?: readonly Answer[]
}
interface Answer {
  readonly name: string
  readonly type: string
  readonly ttl?: number
  readonly data?: unknown
}

/** Presentation form of a record's data (RFC 1035 §5.1 and the records' own documents), names lower-cased and without the final dot. */
function shown(answer: Answer): string {
  const data = answer.data as Record<string, unknown> & readonly unknown[]
  const hex = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('hex') : '')
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return String(answer.data).toLowerCase()
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'DNAME':
      return lower(String(answer.data))
    case 'MX':
      // The root as a host is a null MX (RFC 7505 §3).
      return `${String(data.preference)} ${lower(String(data.exchange)) || '.'}`
    case 'TXT': {
      const parts = Array.isArray(answer.data) ? answer.data : [answer.data]
      return Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(String(part))))).toString('utf8')
    }
    case 'SOA':
      return `${lower(String(data.mname))} ${lower(String(data.rname))} ${String(data.serial)} ${String(data.refresh)} ${String(data.retry)} ${String(data.expire)} ${String(data.minimum)}`
    case 'CAA':
      return `${String(data.flags)} ${String(data.tag)} "${String(data.value)}"`
    case 'SRV':
      return `${String(data.priority)} ${String(data.weight)} ${String(data.port)} ${lower(String(data.target))}`
    case 'TLSA':
      return `${String(data.usage)} ${String(data.selector)} ${String(data.matchingType)} ${hex(data.certificate)}`
    case 'DS':
      return `${String(data.keyTag)} ${String(data.algorithm)} ${String(data.digestType)} ${hex(data.digest)}`
    case 'DNSKEY':
      return `${String(data.flags)} 3 ${String(data.algorithm)} ${Buffer.isBuffer(data.key) ? data.key.toString('base64') : ''}`
    case 'RRSIG':
      return `${String(data.typeCovered)} ${String(data.algorithm)} ${String(data.labels)} ${String(data.originalTTL)} ${String(data.expiration)} ${String(data.inception)} ${String(data.keyTag)} ${lower(String(data.signersName))}`
    case 'UNKNOWN_65':
    case 'UNKNOWN_64':
    case 'HTTPS':
    case 'SVCB': {
      const read = Buffer.isBuffer(answer.data) ? readServiceBinding(answer.data) : undefined
      return read === undefined ? '' : read.ok ? read.value.text : `malformed: ${read.error}`
    }
    default:
      return Buffer.isBuffer(answer.data) ? answer.data.toString('hex') : JSON.stringify(answer.data ?? null)
  }
}
const typeName = (type: string): string => (type === 'UNKNOWN_65' ? 'HTTPS' : type === 'UNKNOWN_64' ? 'SVCB' : type)
const records = (answers: readonly Answer[] | undefined): readonly DnsRecord[] =>
  (answers ?? [])
    .filter((answer) => answer.type !== 'OPT')
    .slice(0, MOST_RECORDS)
    .map((answer) => ({ name: lower(answer.name), type: typeName(answer.type), ttl: answer.ttl ?? 0, value: shown(answer) }))

function encode(question: DnsQuestion, id: number): Buffer {
  const flags = (question.recursionDesired === false ? 0 : packet.RECURSION_DESIRED) | (question.checkingDisabled === true ? packet.CHECKING_DISABLED : 0)
  const type = question.type.toUpperCase() === 'HTTPS' ? 'UNKNOWN_65' : question.type.toUpperCase()
  return packet.encode({
    type: 'query',
    id,
    flags,
    questions: [{ type: type as 'A', name: question.name, class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: question.dnssecOk === true ? packet.DNSSEC_OK : 0, options: [] } as never],
  })
}

/** Undefined when the bytes are no answer to this question: another id, another question, rubbish. */
function decode(bytes: Buffer, id: number, question: DnsQuestion): Decoded | undefined {
  if (bytes.length < 12 || bytes.readUInt16BE(0) !== id || ((bytes[2] ?? 0) & 0x80) === 0) return undefined
  let decoded: Decoded
  try {
    decoded = packet.decode(bytes) as unknown as Decoded
  } catch {
    // Refusals come with an empty question section now and then; anything else that cannot be read is not an answer.
    const rcode = (bytes[3] ?? 0) & 15
    return rcode === 0 ? undefined : { id, type: 'response', flags: bytes.readUInt16BE(2), flag_tc: false, flag_aa: false, flag_ra: false, flag_ad: false }
  }
  const asked = decoded.questions?.[0]
  if (asked === undefined) return ((decoded.flags ?? 0) & 15) === 0 ? undefined : decoded
  return lower(asked.name) === lower(question.name) && typeName(asked.type) === question.type.toUpperCase() ? decoded : undefined
}

const failed = (code: string, message: string, cause?: unknown): ProbeError =>
  new ProbeError({ code, message, phase: 'resolve' }, cause === undefined ? {} : { cause })

async function overUdp(context: ProbeContext, to: { address: string; port: number }, question: DnsQuestion, note: string): Promise<Decoded> {
  const socket = createSocket(isIP(to.address) === 6 ? 'udp6' : 'udp4')
  // A new random id and a new source port for every question: answers cannot be guessed from outside.
  const id = randomInt(65_536)
  const bytes = encode(question, id)
  try {
    return await new Promise<Decoded>((resolve, reject) => {
      let tries = 0
      let timer: NodeJS.Timeout | undefined
      const abort = (): void => end(() => reject(context.signal.reason as Error))
      const send = (): void => {
        if (tries++ === 2) {
          end(() => reject(failed('TIMEOUT', `${note} got no answer in two tries of ${UDP_WAIT_MS} ms`)))
          return
        }
        if (tries === 2) context.log(`${note}: no answer, asked once more`)
        socket.send(bytes)
        timer = setTimeout(send, UDP_WAIT_MS)
      }
      const end = (act: () => void): void => {
        clearTimeout(timer)
        context.signal.removeEventListener('abort', abort)
        act()
      }
      context.signal.addEventListener('abort', abort, { once: true })
      socket.on('error', (error) => end(() => reject(failed((error as NodeJS.ErrnoException).code ?? 'EIO', `${note}: ${error.message}`, error))))
      socket.on('message', (message) => {
        const decoded = decode(message, id, question)
        if (decoded !== undefined) end(() => resolve(decoded))
      })
      // Connected: the kernel drops what comes from elsewhere, and tells when nobody listens.
      // An end that came before the socket was connected leaves nothing to send; no way there (no network) is told to the callback, not as an event.
      socket.connect(to.port, to.address, (error?: NodeJS.ErrnoException) => {
        if (error instanceof Error) end(() => reject(failed(error.code ?? 'EIO', `${note}: ${error.message}`, error)))
        else if (!context.signal.aborted) send()
      })
    })
  } finally {
    socket.close()
  }
}

async function overTcp(context: ProbeContext, to: { address: string; port: number }, question: DnsQuestion, note: string): Promise<Decoded> {
  const id = randomInt(65_536)
  const bytes = encode(question, id)
  return await new Promise<Decoded>((resolve, reject) => {
    const socket = connect({ host: to.address, port: to.port })
    let got = Buffer.alloc(0)
    const timer = setTimeout(() => end(() => reject(failed('TIMEOUT', `${note} got no answer over TCP in ${TCP_WAIT_MS} ms`))), TCP_WAIT_MS)
    const abort = (): void => end(() => reject(context.signal.reason as Error))
    function end(act: () => void): void {
      clearTimeout(timer)
      context.signal.removeEventListener('abort', abort)
      socket.destroy()
      act()
    }
    context.signal.addEventListener('abort', abort, { once: true })
    socket.on('error', (error) => end(() => reject(failed((error as NodeJS.ErrnoException).code ?? 'EIO', `${note}: ${error.message}`, error))))
    socket.on('close', () => end(() => reject(failed('EOF', `${note}: closed before it answered`))))
    socket.on('connect', () => socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])))
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk])
      if (got.length < 2) return
      const length = got.readUInt16BE(0)
      if (got.length < length + 2 && got.length <= MOST_BYTES + 2) return
      const decoded = decode(got.subarray(2, length + 2), id, question)
      end(() => (decoded === undefined ? reject(failed('EBADRESP', `${note}: what came over TCP is no answer to the question`)) : resolve(decoded)))
    })
  })
}

/**
 * Asks one question.
 * @throws ProbeError `TIMEOUT`, `ECONNREFUSED`, `EBADRESP`, `NORESOLVER`…; an rcode is an observation, not a failure
 */
export function dnsQuery(question: DnsQuestion): Probe<DnsObservation> {
  const type = question.type.toUpperCase()
  const flags = [
    question.recursionDesired === false ? 'norec' : '',
    question.checkingDisabled === true ? 'cd' : '',
    question.dnssecOk === true ? 'do' : '',
    question.transport ?? '',
  ].filter((flag) => flag !== '')
  return {
    kind: 'dnsQuery',
    // As spelled: the same name in other letters is another look at whoever must not mind them.
    key: `dnsQuery ${question.name.replace(/\.$/, '')} ${type}${question.server === undefined ? '' : ` @${question.server}`}${flags.length === 0 ? '' : ` +${flags.join(' +')}`}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 },
    run: async (context) => {
      const server = question.server ?? resolverOf(context)
      const to = serverOf(server)
      const note = `${lower(question.name)} ${type} @${server}`
      // Hundreds of questions at once would be a flood to a small server, and would measure our own queue.
      const pace = context.resource(
        'dns pace',
        () => new Turnstile(MOST_AT_ONCE),
        () => {},
      )
      const done = await pace.turn()
      const at = new Date().toISOString()
      const start = performance.now()
      loopDelaySince(start)
      let transport = question.transport ?? 'udp'
      let decoded: Decoded
      let truncated: boolean
      try {
        decoded = transport === 'tcp' ? await overTcp(context, to, question, note) : await overUdp(context, to, question, note)
        truncated = decoded.flag_tc
        if (truncated && question.transport === undefined) {
          transport = 'tcp'
          decoded = await overTcp(context, to, question, note)
        }
      } finally {
        done()
      }
      const rcode = RCODES[(decoded.flags ?? 0) & 15] ?? 'OTHER'
      const answers = records(decoded.answers)
      context.log(`${note}: ${rcode}, ${answers.map((record) => `${record.type} ${record.value}`).join(', ') || 'no records'}`)
      return {
        name: lower(question.name),
        type,
        server,
        rcode,
        noData: rcode === 'NOERROR' && !answers.some((record) => record.type === type || type === 'ANY'),
        answers,
        authority: records(decoded.authorities),
        authoritative: decoded.flag_aa,
        recursionAvailable: decoded.flag_ra,
        authenticated: decoded.flag_ad,
        transport,
        truncated,
        ...(decoded.questions?.[0] === undefined ? {} : { echoedName: decoded.questions[0].name }),
        durationMs: Math.round((performance.now() - start) * 1000) / 1000,
        loopDelayMs: loopDelaySince(start),
        at,
      }
    },
  }
}
