/**
 * The one-line command with which a doubter sees the same: curl, openssl or dig, with the pins, ports and roots of the target filled in, every
 * word quoted for a POSIX shell. Pure: looks nothing up, runs nothing, never contains a secret's value (pass references such as `$TOKEN`).
 */
import { resolve } from 'node:path'
import { pinnedAddresses, realPort, type Target } from './target.ts'
import type { Evidence } from './verdict.ts'

export interface CurlOptions {
  readonly method?: string
  /** Sent as given, in order. An empty value sends an empty header. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  /** More words, each quoted: `['--tlsv1.3', '--http2']`. @default ['-sS', '-D', '-', '-o', '/dev/null'] (shows status and headers) */
  readonly flags?: readonly string[]
  /** Go to this address instead of the pinned or resolved one. */
  readonly address?: string
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/
const CONTROL = /\p{Cc}/u
const OCTAL: readonly string[] = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, '0')}`)

/** One word of a POSIX shell; control characters go through printf, so that the command stays on one line. */
export function shellQuote(word: string): string {
  if (PLAIN.test(word)) return word
  if (!CONTROL.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = [...Buffer.from(word)]
    .map((byte) => (byte >= 0x20 && byte < 0x7f && byte !== 0x5c && byte !== 0x25 && byte !== 0x27 ? String.fromCharCode(byte) : OCTAL[byte]))
    .join('')
  return `"$(printf '${escaped}')"`
}

const URL_PARTS = /^([a-z]+):\/\/(\[[0-9A-Fa-f:.]+\]|[^/?#:]+)(?::(\d+))?/i
const SCHEME_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ws: 80, wss: 443 }
export const bracketed = (address: string): string => (address.includes(':') && !address.startsWith('[') ? `[${address}]` : address)

const trustFile = (target: Target): string | undefined => {
  const file = target.file.network?.trust?.[0]
  return file === undefined ? undefined : resolve(target.folder ?? '.', file)
}

/** `HOST:PORT:ADDRESS:REAL` for curl, or undefined where name and port are what they seem. */
function connectTo(target: Target, host: string, port: number, address?: string): string | undefined {
  const pinned = address ?? pinnedAddresses(target, host)?.[0]
  const real = realPort(target, port) ?? port
  return pinned === undefined && real === port ? undefined : `${bracketed(host)}:${port}:${pinned === undefined ? '' : bracketed(pinned)}:${real}`
}

/** curl for a canonical URL (logical ports). Shows status line and headers unless `flags` say otherwise. */
export function curlFor(target: Target, url: string, options: CurlOptions = {}): string {
  const web = url.replace(/^ws/i, 'http')
  const parts = URL_PARTS.exec(web)
  const flags = options.flags ?? ['-sS', '-D', '-', '-o', '/dev/null']
  // A server that never answers ends the line, too; an upload that is slow on purpose takes the time it takes.
  const ends = flags.includes('--max-time') || flags.includes('--limit-rate') ? [] : ['-m', '30']
  const words = ['curl', ...flags, ...ends, '--path-as-is', '--globoff']
  const method = options.method ?? 'GET'
  if (method === 'HEAD') words.push('-I')
  else if (method !== 'GET') words.push('-X', method)
  if (parts !== null) {
    const scheme = (parts[1] as string).toLowerCase()
    const port = parts[3] === undefined ? (SCHEME_PORTS[scheme] ?? 443) : Number(parts[3])
    const to = connectTo(target, (parts[2] as string).replace(/^\[|\]$/g, ''), port, options.address)
    if (to !== undefined) words.push('--connect-to', to)
    const trust = trustFile(target)
    if (scheme === 'https' && trust !== undefined) words.push('--cacert', trust)
  }
  for (const [name, value] of options.headers ?? []) words.push('-H', value === '' ? `${name};` : `${name}: ${value}`)
  if (options.body !== undefined) words.push('--data-binary', options.body)
  words.push(web)
  return words.map(shellQuote).join(' ')
}

const SEEN = /(?:\b([A-Z]{3,12}) )?\b(https?:\/\/[^\s"'<>]+)/
/** What changes something, or needs a body that the evidence does not show, is left to the line of the check itself. */
const NEEDS_MORE: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT'])

/**
 * The request of which the first evidence speaks, where that tells a URL of this host (the evidence may hold addresses that the target chose; those of
 * other hosts are no place to send a reader to).
 */
export function requestSeen(fqdn: string, evidence: readonly Evidence[] = []): { readonly url: string; readonly method: string } | undefined {
  const first = evidence[0]
  for (const text of [first?.where, first?.what]) {
    const [, method = 'GET', url = ''] = SEEN.exec(text ?? '') ?? []
    if (URL.canParse(url) && new URL(url).hostname === fqdn && !url.includes('@') && !NEEDS_MORE.has(method)) return { url: url.replace(/[,:]$/, ''), method }
  }
  return undefined
}

/** curl for what the evidence speaks of, and otherwise for this URL. */
export function curlForSeen(target: Target, url: string, evidence?: readonly Evidence[], options: CurlOptions = {}): string {
  const host = URL_PARTS.exec(url)?.[2] ?? ''
  const seen = requestSeen(host.toLowerCase(), evidence)
  if (seen === undefined) return curlFor(target, url, options)
  return curlFor(target, seen.url, seen.method === 'GET' ? options : { ...options, method: seen.method })
}

/** A secret as a word of the shell, which looks it up itself: no value stands in the line. `otherwise` is the variable where nothing is declared. */
export function secretWord(target: Target, name: string | undefined, otherwise: string): string {
  const reference = name === undefined ? undefined : target.file.secrets?.[name]
  if (reference?.startsWith('file:') === true) return `"$(cat ${shellQuote(resolve(target.folder ?? '.', reference.slice(5)))})"`
  return `"$${reference?.startsWith('env:') === true ? reference.slice(4) : otherwise}"`
}

/** What a shell must be given first, saying what: unset it ends the line, where nothing at all would go to a default (psql has one). */
export const givenWord = (name: string, what: string): string => `"\${${name}:?${what}}"`

/** Opens a connection and shows what is said there, after these words if any: curl is there where nc is not, and says `Connected` or why not. */
export function connectionFor(address: string, port: number | string, says?: string): string {
  const at = address.includes(':') ? `'telnet://${bracketed(address)}:${port}'` : `telnet://${address}:${port}`
  return says === undefined ? `curl -sv --max-time 3 ${at} </dev/null` : `${says} | curl -sv --max-time 8 ${at}`
}

/** `openssl s_client` for a name: the served chain and what was negotiated. `port` is logical. */
export function opensslFor(target: Target, fqdn: string, flags: readonly string[] = ['-showcerts'], port = 443): string {
  const address = pinnedAddresses(target, fqdn)?.[0] ?? fqdn
  const trust = trustFile(target)
  const named = flags.includes('-servername') || flags.includes('-noservername')
  const words = [
    'openssl',
    's_client',
    '-connect',
    `${bracketed(address)}:${realPort(target, port) ?? port}`,
    ...(named ? [] : ['-servername', fqdn]),
    ...(trust === undefined ? [] : ['-CAfile', trust]),
    ...flags,
  ]
  return `${words.map(shellQuote).join(' ')} </dev/null`
}

/**
 * Sends these bytes over TCP and shows the first of what comes back in hexadecimal: `15 03` begins an alert (its last byte says which: 28 is
 * handshake_failure, 46 protocol_version), `16 03` a handshake, whose bytes 10 and 11 are the version. For hellos that no tool of today can make.
 * `last`: the end of the answer; `count`: only how long it is.
 */
export function bytesFor(
  target: Target,
  fqdn: string,
  bytes: Uint8Array,
  port = 443,
  address = pinnedAddresses(target, fqdn)?.[0] ?? fqdn,
  shown: 'first' | 'last' | 'count' = 'first',
): string {
  let octal = ''
  for (const byte of bytes) octal += OCTAL[byte]
  const show = { first: 'timeout 5 head -c 64 <&3 | od -An -tx1', last: 'timeout 5 cat <&3 | tail -c 32 | od -An -tx1', count: 'timeout 5 cat <&3 | wc -c' }[
    shown
  ]
  const script = `exec 3<>/dev/tcp/${address}/${realPort(target, port) ?? port}; printf "${octal}" >&3; ${show}`
  return `bash -c ${shellQuote(script)}`
}

/** `dig` for one name and type, at the resolver of the target or at `server` (address[:port]). */
export function digFor(target: Target, name: string, type = 'A', server = target.file.network?.resolver): string {
  const words = ['dig']
  if (server !== undefined) {
    const parts = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(server.includes(']') || server.split(':').length === 2 ? server : `[${server}]`)
    words.push(`@${parts?.[1] ?? server}`)
    if (parts?.[2] !== undefined) words.push('-p', parts[2])
  }
  words.push(type, name)
  return words.map(shellQuote).join(' ')
}
