/** What the checks share that use a channel beyond opening it: the looks, how they are told, the picture of a channel's life. */
import { hostOf, type Subject } from '../../helpers/check.ts'
import type { TimelineFigure } from '../../helpers/figure.ts'
import type { ChannelAsked, ChannelLook } from '../../helpers/probes/live.ts'
import type { Target } from '../../helpers/target.ts'
import type { Evidence, Outcome } from '../../helpers/verdict.ts'
import { channelOf, DENIALS, ownOrigin } from './shared.ts'

export const asked = (subject: Subject, target: Target): ChannelAsked => ({
  host: hostOf(subject).fqdn,
  channel: channelOf(subject),
  origin: ownOrigin(subject, target),
  target,
})
export const lived = (look: ChannelLook): string => {
  if (look.failure !== undefined) return `${look.failure.message} (${look.failure.code})`
  if (look.status !== 101) return `${look.status ?? 'no answer'}`
  const messages = look.messageCount > 0 ? `, ${look.messageCount} messages` : ''
  if (look.flooded) return `101${messages}: more than is taken in`
  return `101${messages}${look.pong === undefined ? '' : look.pong ? ', a Ping was answered' : ', a Ping was not answered'}${look.closeCode === undefined ? ', still open' : `, ended with ${look.closeCode} after ${Math.round(look.closedAfterMs ?? 0)} ms`}`
}
export const told = (look: ChannelLook, expected: string): Evidence => ({ what: look.what, expected, received: lived(look), where: look.url, at: look.at })
/** Refused before the upgrade, or by Close behind it before any data. */
export const turnedAway = (look: ChannelLook): boolean =>
  look.status === 401 || look.status === 403 || (look.status === 101 && look.messageCount === 0 && DENIALS.has(look.closeCode ?? 0))
/** No answer that could be judged: a limiter, a broken gateway, nothing. */
export const unclear = (look: ChannelLook): boolean => look.failure !== undefined || look.status === 429 || (look.status ?? 0) >= 500

export const lives = (title: string, looks: readonly (readonly [look: ChannelLook, outcome: Outcome])[]): TimelineFigure => {
  const first = Math.min(...looks.map(([look]) => Date.parse(look.at)))
  return {
    kind: 'timeline',
    title,
    spans: looks.map(([look, outcome]) => {
      const startMs = Date.parse(look.at) - first
      return { label: look.what, startMs, endMs: startMs + Math.round(look.closedAfterMs ?? look.openMs ?? 1), outcome, note: lived(look) }
    }),
  }
}
