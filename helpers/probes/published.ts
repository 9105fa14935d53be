/**
 * Fetches what a certificate points to: issuers, revocation lists, OCSP answers, over plain HTTP as such URLs are. A certificate is hostile input,
 * so the way there is guarded: a pinned name goes to its pin, any other only as far as {@link reachOf} allows, never from the world to what is
 * inside, nor from loopback anywhere.
 */
import { isIP } from 'node:net'
import { inNetwork, isPrivateAddress, isPublic } from '../grammar/address.ts'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { pinnedAddresses } from '../target.ts'
import { openTcp } from './connection.ts'
import { readLeniently } from './http-message.ts'
import { resolveHost } from './resolve.ts'

/** `pinned`: only to addresses that the target pins. `public`: to public ones on port 80 too. `inside`: to private ones as well, on any port. */
export type Reach = 'pinned' | 'public' | 'inside'
/**
 * How far the URL of a certificate may lead us. Who serves it at a public address can lead us to public ones. What a public authority signed holds
 * that authority's own URLs, wherever it is served; what an authority of `network.trust` signed may name places of the same inside.
 */
export function reachOf(address: string, anchor?: 'bundled' | 'declared'): Reach {
  if (isPublic(address) || anchor === 'bundled') return 'public'
  return anchor === 'declared' && isInside(address) ? 'inside' : 'pinned'
}
/** Link-local addresses are nobody's publication: there live the metadata services of clouds. */
const isInside = (address: string): boolean => isPrivateAddress(address) && !inNetwork(address, '169.254.0.0/16') && !inNetwork(address, 'fe80::/10')

export interface PublishedRequest {
  readonly url: string
  readonly reach: Reach
  /** Largest body, in bytes. */
  readonly limit: number
  /** For the whole of it, redirects included. */
  readonly milliseconds: number
  readonly accept: string
  readonly post?: { readonly type: string; readonly body: Uint8Array }
}
export type Published =
  | { readonly ok: true; readonly body: Buffer; readonly contentType: string; readonly url: string }
  | { readonly ok: false; readonly result: 'not-asked' | 'unreachable' | 'refused' | 'too-large'; readonly detail: string }

const MOST_REDIRECTS = 3
const SILENCE_MS = 6_000
const HEAD_BYTES = 16_384
const failed = (result: Exclude<Published, { ok: true }>['result'], detail: string): Published => ({ ok: false, result, detail })

type Way = { readonly address: string; readonly port: number; readonly pinned: boolean } | { readonly refused: string }
async function wayTo(context: ProbeContext, url: URL, reach: Reach): Promise<Way> {
  if (url.protocol !== 'http:') return { refused: 'not a plain http URL' }
  if (url.username !== '' || url.password !== '') return { refused: 'the URL carries a login' }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? 80 : Number(url.port)
  const pin = isIP(host) === 0 ? pinnedAddresses(context.target, host)?.[0] : undefined
  if (pin !== undefined) return { address: pin, port, pinned: true }
  if (reach === 'pinned') return { refused: 'the target is not public and the URL is not pinned to an address' }
  if (reach === 'public' && port !== 80) return { refused: 'neither on port 80 nor pinned to an address' }
  const allowed = (address: string): boolean => isPublic(address) || (reach === 'inside' && isInside(address))
  if (isIP(host) !== 0) return allowed(host) ? { address: host, port, pinned: false } : { refused: `${host} is no address to ask` }
  const resolved = await context.observe(resolveHost(host))
  if (!resolved.ok) return { refused: `${host} does not resolve (${resolved.failure.code})` }
  // Every address must be allowed: a name that leads elsewhere by its second address is a trap as well.
  const { addresses } = resolved.value
  const [first] = addresses
  if (first === undefined || !addresses.every(({ address }) => allowed(address))) return { refused: `${host} does not lead to addresses that may be asked` }
  return { address: first.address, port, pinned: false }
}

/** network.ports says where the target's own ports are; what is not pinned is somebody else's. */
function elsewhere(context: ProbeContext): ProbeContext {
  const { network, ...file } = context.target.file
  const { ports: _own, ...rest } = network ?? {}
  return { ...context, target: { ...context.target, file: { ...file, network: rest } } }
}

const LAST_CHUNK = Buffer.from('0\r\n\r\n')
/** Bytes of the whole answer by what its head says; undefined while the head is not there. */
function endOf(start: Buffer): number | 'chunks' | 'close' | undefined {
  const head = start.indexOf('\r\n\r\n')
  if (head < 0 || head > HEAD_BYTES) return undefined
  const lines = start.toString('latin1', 0, head + 2)
  if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(lines)) return 'chunks'
  const said = /\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n/i.exec(lines)?.[1]
  return said === undefined ? 'close' : head + 4 + Number(said)
}

/** One exchange; the answer ends where it says so, or with the connection. */
async function exchange(context: ProbeContext, url: URL, way: Exclude<Way, { readonly refused: string }>, asked: PublishedRequest, signal: AbortSignal) {
  const tcp = await openTcp(way.pinned ? context : elsewhere(context), { address: way.address, port: way.port, signal })
  const { post } = asked
  const head = [
    `${post === undefined ? 'GET' : 'POST'} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `Accept: ${asked.accept}`,
    'Accept-Encoding: identity',
    'Connection: close',
    ...(post === undefined ? [] : [`Content-Type: ${post.type}`, `Content-Length: ${post.body.length}`]),
  ].join('\r\n')
  return await new Promise<{ readonly bytes: Buffer; readonly large: boolean }>((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let large = false
    const abort = (): void => {
      tcp.socket.destroy()
      reject(new ProbeError({ code: 'TIMEOUT', message: 'no whole answer in time', phase: 'response' }))
    }
    const done = (): void => {
      signal.removeEventListener('abort', abort)
      tcp.socket.destroy()
      resolve({ bytes: Buffer.concat(chunks), large })
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    let start: Buffer = Buffer.alloc(0)
    let ends: number | 'chunks' | 'close' | undefined
    tcp.socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (ends === undefined) {
        start = Buffer.concat([start, chunk.subarray(0, HEAD_BYTES)])
        ends = endOf(start)
        // Nobody sends a head this long in good faith; what follows is not worth waiting for.
        if (ends === undefined && start.length > HEAD_BYTES) return done()
        large = typeof ends === 'number' && ends > asked.limit + HEAD_BYTES
      }
      large ||= size > asked.limit + HEAD_BYTES
      if (large || (typeof ends === 'number' && size >= ends) || (ends === 'chunks' && chunk.subarray(-5).equals(LAST_CHUNK))) done()
    })
    // Whoever falls silent is not waited for until the end.
    tcp.socket.setTimeout(SILENCE_MS, abort)
    tcp.socket.once('close', done)
    tcp.socket.once('end', done)
    tcp.socket.write(`${head}\r\n\r\n`)
    if (post !== undefined) tcp.socket.write(post.body)
  })
}

/** Never throws for what network, server or URL do. */
export async function fetchPublished(context: ProbeContext, asked: PublishedRequest): Promise<Published> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(asked.milliseconds)])
  let place = asked.url
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const url = URL.parse(place)
    if (url === null) return failed('not-asked', 'not a URL')
    const way = await wayTo(context, url, asked.reach)
    if ('refused' in way) return failed('not-asked', `not asked: ${way.refused}`)
    try {
      const { bytes, large } = await exchange(context, url, way, asked, signal)
      if (large) return failed('too-large', `larger than ${asked.limit} bytes`)
      if (endOf(bytes.subarray(0, HEAD_BYTES + 4)) === undefined)
        return failed('unreachable', bytes.length === 0 ? 'closed without an answer' : 'answered no HTTP')
      const answer = readLeniently(bytes, asked.post === undefined ? 'GET' : 'POST')
      if (answer.status === undefined) return failed('unreachable', 'answered no HTTP')
      const header = (name: string): string => answer.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? ''
      if ([301, 302, 307, 308].includes(answer.status)) {
        const location = header('location')
        const next = location === '' ? null : URL.parse(location, url.href)
        if (next === null) return failed('refused', `answered ${answer.status} without a place to go`)
        place = next.href
        continue
      }
      if (answer.status !== 200) return failed('refused', `answered ${answer.status}`)
      const said = header('content-length')
      if (said !== '' && answer.body.length < Number(said)) return failed('unreachable', `cut off after ${answer.body.length} of ${said} bytes`)
      if (answer.body.length > asked.limit) return failed('too-large', `larger than ${asked.limit} bytes`)
      return { ok: true, body: answer.body, contentType: header('content-type'), url: url.href }
    } catch (error) {
      if (error instanceof ProbeError) return failed('unreachable', error.failure.message)
      throw error
    }
  }
  return failed('refused', `more than ${MOST_REDIRECTS} redirects`)
}
