import { defineCheck } from '../../helpers/check.ts'
import type { RequestsFigure } from '../../helpers/figure.ts'
import { type VolumeObservation, volumeLook } from '../../helpers/probes/volume.ts'
import { statusesOf } from '../../helpers/rejection.ts'
import { type Evidence, type Finding, illustrated, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import type { Zone } from '../../helpers/zones.ts'
import { curlOne, eachZone, zoneOf } from './shared.ts'

/** What the limit may let through in so long: from an unused start, a window may end just before and just after. */
function mostWithin({ limit }: Zone, durationMs: number): number {
  if (limit === undefined) return Number.NaN
  if (limit.windowMs === undefined) return limit.atOnce + (durationMs * limit.perSecond) / 1_000
  return limit.atOnce * (limit.kind === 'sliding' ? durationMs / limit.windowMs + 1 : Math.floor(durationMs / limit.windowMs) + 2)
}
/** What it must let through at least: what an unused one holds, and what came back meanwhile. */
function leastWithin({ limit }: Zone, durationMs: number): number {
  if (limit === undefined) return Number.NaN
  if (limit.windowMs === undefined) return limit.atOnce - 1 + (durationMs * limit.perSecond) / 1_000
  return limit.atOnce * Math.max(1, Math.floor(durationMs / limit.windowMs)) - 1
}

const figureOf = (look: VolumeObservation, zone: Zone): RequestsFigure => ({
  kind: 'requests',
  title: `${zone.name}: ${look.sent} requests at full pace, declared ${zone.limit?.text ?? ''}`,
  points: look.points.map(({ atMs, fate, status }) => ({ atMs: Math.round(atMs), accepted: fate === 'admitted', label: String(status) })),
  model: {
    label: `most that ${zone.limit?.text ?? ''} lets through`,
    line: Array.from({ length: 41 }, (_, index) => ({
      atMs: Math.round((look.durationMs * index) / 40),
      total: Math.round(mostWithin(zone, (look.durationMs * index) / 40)),
    })),
  },
})

/** Milliseconds in which nothing arrived and a limit that is whole again gives nothing more: of a machine that could not keep up. */
const unasked = ({ points }: VolumeObservation, { limit }: Zone): number =>
  points.reduce((sum, { atMs }, index) => sum + Math.max(0, atMs - (points[index - 1]?.atMs ?? 0) - (limit?.recoveryMs ?? 0)), 0)

export default defineCheck({
  id: 'rate-limit/volume',
  title: 'Under sustained volume the limit holds, what it lets through succeeds, and others notice nothing',
  failureTitle: 'Under sustained volume the limit opens, the target breaks, or others suffer',
  why: 'A limiter that counts well for twenty requests may lose count of twenty thousand: stores time out and fail open, workers run out, and the health check of the same host goes unanswered.',
  source:
    'rateLimits.volume of the target: rate × time + burst may be let through, 10 % more is tolerated, six tenths of it must be; 5xx or answers five times as slow end it',
  severity: 'high',
  codes: {
    'rate-limit.volume.opens': {
      meaning: 'Under volume more is let through than the limit allows in that time.',
      fix: 'Look whether the limiter fails open when its store is slow, and whether several processes count by themselves.',
    },
    'rate-limit.volume.starves': {
      meaning: 'Under volume far less is let through than the limit allows.',
      fix: 'Do not count refused requests against the limit; look for locks around its store.',
    },
    'rate-limit.volume.errors': {
      meaning: 'Requests failed under volume: errors, timeouts or ended connections instead of refusals.',
      fix: 'Refuse before the application is reached (limit_req at the proxy); look for exhausted workers, connections and file handles.',
    },
    'rate-limit.volume.aborted': {
      meaning: 'The volume was ended early for the target’s sake: too many requests failed, or answers became far slower.',
      fix: 'Lower the limit below what the application can take, or refuse earlier.',
    },
    'rate-limit.volume.status': {
      meaning: 'Under volume refusals carry another status than declared.',
      fix: 'Look which layer answers when the first one is full.',
    },
    'rate-limit.volume.neighbours': {
      meaning: 'While one client sends far too much, an exempt path or another client is refused or gets no answer.',
      fix: 'Count by client; give health checks a location, and workers, of their own.',
    },
  },
  options: { tolerance: 0.1, share: 0.6 },
  subjects: eachZone(({ declared, limit }) => declared.volume !== undefined && limit !== undefined),
  unless: { skip: 'not-declared', reason: 'rateLimits.volume is not declared' },
  needs: (subject, target) => ({ look: volumeLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, options }): Verdict => {
    const zone = zoneOf(subject)
    const tell = (
      expected: string,
      received: string,
      what = `${look.sent} requests ${look.method} ${look.url} in ${Math.round(look.durationMs)} ms`,
    ): Evidence => ({
      what,
      expected,
      received,
      where: look.peer,
      at: look.at,
    })
    const shown = Object.entries(look.statuses)
      .map(([label, count]) => `${count} ${label}`)
      .join(', ')
    if (look.usual === undefined) return inconclusive('unobserved', 'the first request was not let through: there is nothing to compare with')
    const { admitted, refused, broken } = look.fates
    const elsewhere = look.fates['refused elsewhere']
    const findings: Finding[] = []
    const add = (good: boolean, code: string, evidence: Evidence): void => {
      findings.push(good ? { grade: 'pass', evidence } : { grade: 'fail', code: `rate-limit.volume.${code}`, evidence })
    }
    if (look.aborted !== undefined)
      add(false, 'aborted', tell('requests are let through or refused, in good time', `${look.aborted}; ended after ${look.sent} requests`))
    else {
      add(broken === 0 && look.sent > 0, 'errors', tell('no request fails', shown))
      const most = Math.ceil(mostWithin(zone, look.durationMs) * (1 + options.tolerance) + 1)
      const least = Math.floor(leastWithin(zone, look.durationMs - unasked(look, zone)) * options.share)
      const behind = zone.declared.layer === 'app' ? elsewhere : 0
      const allowed = `${least} to ${most} let through (${zone.limit?.text ?? ''})`
      if (admitted > most) add(false, 'opens', tell(allowed, shown))
      else if (look.sent - behind <= most)
        return inconclusive('unobserved', `the limit allows ${most} in that time: declare more volume.requests, or more connections`, tell(allowed, shown))
      // What is refused by another layer never asked this one.
      else add(admitted >= least || elsewhere > 0, 'starves', tell(allowed, shown))
      const wanted = statusesOf(zone.declared)
      const strange = Object.entries(look.statuses).filter(([label]) => label.startsWith('refused ') && !wanted.some((status) => label === `refused ${status}`))
      if (refused > 0) add(strange.length === 0, 'status', tell(`refused with ${wanted.join(' or ')}`, shown))
    }
    for (const { name, before, meanwhile } of look.neighbours) {
      if (before.fate !== 'admitted' || meanwhile.length === 0) continue
      const bad = meanwhile.filter(({ fate }) => fate !== 'admitted')
      add(
        bad.length === 0,
        'neighbours',
        tell(
          `answered as before (${before.status})`,
          meanwhile.map(({ fate, status, failure, sentMs, doneMs }) => `${fate}: ${failure ?? status} after ${Math.round(doneMs - sentMs)} ms`).join(', '),
          `${name}, meanwhile`,
        ),
      )
    }
    return illustrated(worst(findings), figureOf(look, zone))
  },
  reproduce: (subject, target) => {
    const { requests = 1_000, connections = 20 } = zoneOf(subject).declared.volume ?? {}
    return `seq ${requests} | xargs -P ${connections} -I{} ${curlOne(subject, target)} | tr ' ' '\\n' | sort | uniq -c`
  },
  covers: ['A37', 'C19'],
})
