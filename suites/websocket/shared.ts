/** What the checks of live channels share: declared channels as subjects, the looks at them, how answers are told. */
import { hostOf, type Subject } from '../../helpers/check.ts'
import { headerValue, mediaType } from '../../helpers/headers.ts'
import type { WebSocketObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { shownPath, websocketHandshake, type WebSocketRequest } from '../../helpers/probes/websocket.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Host, LiveChannel, Target } from '../../helpers/target.ts'
import type { Evidence } from '../../helpers/verdict.ts'

/** Without credentials the upgrade is to be refused. */
export const guarded = (channel: LiveChannel): boolean => channel.auth !== undefined && channel.auth !== 'none'

/** On a host that strangers may not read, a channel needs a login unless it says otherwise. */
const effective = (host: Host, channel: LiveChannel): LiveChannel =>
  channel.auth === undefined && host.access !== 'public' ? { ...channel, auth: 'required' } : channel

/** One subject per declared channel of a kind, named by its URL. */
export const channels =
  (mode: LiveChannel['mode'], keep: (channel: LiveChannel) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    target.hosts.flatMap((host) =>
      host.live
        .map((channel) => effective(host, channel))
        .filter((channel) => channel.mode === mode && keep(channel))
        .map((channel) => ({ name: `${mode === 'websocket' ? 'wss' : 'https'}://${host.fqdn}${shownPath(channel.path)}`, host, item: channel })),
    )
export const channelOf = (subject: Subject): LiveChannel => subject.item as LiveChannel
export const noChannel = { skip: 'not-declared', reason: 'the target declares no such live channel (hosts.<name>.live)' } as const

/** The origin that a page of the deployment would have. */
export const ownOrigin = (subject: Subject, target: Target): string =>
  channelOf(subject).origins?.[0]?.replaceAll('{domain}', target.domain) ?? `https://${hostOf(subject).fqdn}`

const look = (subject: Subject, more: Partial<WebSocketRequest>): Probe<WebSocketObservation> =>
  websocketHandshake({ host: hostOf(subject).fqdn, path: channelOf(subject).path, ...more })

/** Longest wait for a peer that refuses by Close behind the upgrade (rules: 5 s). */
const REFUSAL_MS = 5_000

/**
 * The ordinary look that most checks share: what a page of the deployment sends, without credentials. On a guarded channel it only listens
 * first: whatever a peer sends before anybody has signed in counts.
 */
export function ordinary(subject: Subject, target: Target): Probe<WebSocketObservation> {
  const { subprotocols, send, expect, idleSeconds } = channelOf(subject)
  return look(subject, {
    origin: ownOrigin(subject, target),
    ...(subprotocols === undefined || subprotocols.length === 0 ? {} : { subprotocols }),
    ...(guarded(channelOf(subject))
      ? { listenMs: REFUSAL_MS }
      : {
          ...(send === undefined ? {} : { send }),
          ...(expect === undefined ? {} : { expect }),
          ...(idleSeconds === undefined ? {} : { idleMs: idleSeconds * 1000 }),
        }),
  })
}
/** A look with one thing changed: an origin, a version, a subprotocol, the clear scheme. */
export const variant = (subject: Subject, target: Target, more: Partial<WebSocketRequest>): Probe<WebSocketObservation> =>
  look(subject, { origin: ownOrigin(subject, target), ...more })

export const at = (seen: WebSocketObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: `${seen.url} (${seen.peer})`,
  at: seen.at,
})

/** `426 (Upgrade: websocket)`, `200 text/html`, `302 to https://…`: what a refusal said. */
export function answered(seen: WebSocketObservation): string {
  const location = headerValue(seen.headers, 'location')
  const type = mediaType(seen.headers)
  if (seen.status === 101)
    return `101${seen.messageCount > 0 ? `, ${seen.messageCount} messages` : ''}${seen.closeCode === undefined ? ', still open' : `, closed with ${seen.closeCode}`}`
  return `${seen.status}${location === undefined ? '' : ` to ${location}`}${type === undefined ? '' : ` ${type}`}`
}

/** Close codes that say "you may not": policy violation (RFC 6455 §7.4.1), Unauthorized and Forbidden (IANA registry), and the usual private ones. */
export const DENIALS: ReadonlySet<number> = new Set([1008, 3000, 3003, 4001, 4003, 4401, 4403])
/** Refused before the upgrade, or by Close behind it before any data. */
export const denied = (seen: WebSocketObservation): boolean =>
  seen.status === 401 || seen.status === 403 || (seen.status === 101 && seen.messageCount === 0 && DENIALS.has(seen.closeCode ?? 0))

/** curl that sends the sample handshake of RFC 6455 §1.3; the right answer carries `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`. */
export const handshake =
  (change: (subject: Subject, target: Target) => { scheme?: 'ws' | 'wss'; origin?: string; version?: string; subprotocol?: string } = () => ({})) =>
  (subject: Subject, target: Target): string => {
    const { scheme = 'wss', origin = ownOrigin(subject, target), version = '13', subprotocol } = change(subject, target)
    const offered = subprotocol ?? channelOf(subject).subprotocols?.join(', ')
    return curlFor(target, `${scheme}${subject.name.slice(subject.name.indexOf(':'))}`, {
      flags: ['-sS', '-i', '-N', '--http1.1', '--max-time', '5'],
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', version],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ['Origin', origin],
        ...(offered === undefined || offered === '' ? [] : ([['Sec-WebSocket-Protocol', offered]] as const)),
      ],
    })
  }
