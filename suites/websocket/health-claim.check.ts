import { defineCheck, type Subject } from '../../helpers/check.ts'
import { parseJsonPath, readJsonPath } from '../../helpers/grammar/json-path.ts'
import { bodyText } from '../../helpers/headers.ts'
import { showValue } from '../../helpers/matcher.ts'
import type { HttpObservation, WebSocketObservation } from '../../helpers/observations.ts'
import { attempt, type Observed } from '../../helpers/probe.ts'
import { httpGet, splitUrl } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target, TargetFile } from '../../helpers/target.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { answered, at, channels, denied, ordinary } from './shared.ts'

type Entry = NonNullable<TargetFile['health']>[number]

/** Words and numbers with which a health answer says yes or no; undefined for what cannot be told. */
export function claims(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  // A count of zero says that nobody is connected just now, not that nobody can.
  if (typeof value === 'number') return value > 0 ? true : undefined
  if (typeof value === 'string') {
    const word = value.trim().toLowerCase()
    if (/^(?:connected|ok|up|healthy|open|online|active|ready|running|true|yes)$/.test(word)) return true
    if (/^(?:disconnected|error|down|unhealthy|closed|offline|inactive|failed|failing|false|no|disabled)$/.test(word)) return false
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  for (const name of ['connected', 'status', 'state', 'healthy', 'ok', 'running'])
    if (Object.hasOwn(value, name)) {
      const said = claims((value as Record<string, unknown>)[name])
      if (said !== undefined) return said
    }
  return undefined
}

/** The channels that the endpoint's host has, or, where it has none, every channel of the target. */
const channelsFor = (url: string, target: Target): readonly Subject[] => {
  const all = channels('websocket')(target)
  const own = all.filter((one) => one.host?.fqdn === splitUrl(url)?.host)
  return own.length > 0 ? own : all
}
const urlOf = (entry: Entry, target: Target): string => entry.url.replaceAll('{domain}', target.domain)

export default defineCheck({
  id: 'websocket/health-claim',
  title: 'Health says about the WebSocket what is true',
  failureTitle: 'Health claims a WebSocket that nobody can open',
  why: 'The service sees its own socket, not the proxy in front of it; a dashboard fed by that claim stays green while users wait.',
  source: 'health.websocket of the target',
  severity: 'high',
  codes: {
    'websocket.claim.false': {
      meaning: 'Health says connected, but the upgrade from outside fails.',
      fix: 'Repair the upgrade (see websocket/upgrade); let health test it through the proxy.',
    },
    'websocket.claim.down': { meaning: 'Health says that the WebSocket is down.', fix: 'Look at the service.' },
    'websocket.claim.unreadable': {
      meaning: 'The value that health.websocket names is missing, or says neither yes nor no while the upgrade fails.',
      fix: 'Correct the path in the target, or the answer of the service.',
    },
  },
  options: {},
  subjects: (target) =>
    (target.file.health ?? [])
      .filter((entry) => entry.websocket !== undefined)
      .map((entry) => {
        const name = urlOf(entry, target)
        const host = target.hosts.find((one) => one.fqdn === splitUrl(name)?.host)
        return host === undefined ? { name, item: entry } : { name, item: entry, host }
      }),
  unless: { skip: 'not-declared', reason: 'no health endpoint is declared to speak about a WebSocket (health.websocket)' },
  needs: (subject, target) => ({
    health: httpGet(subject.name),
    ...Object.fromEntries(channelsFor(subject.name, target).map((one) => [one.name, attempt(ordinary(one, target))])),
  }),
  judge: (looks, { subject }) => {
    const { health, ...rest } = looks as { health: HttpObservation } & Record<string, unknown>
    const sockets = Object.entries(rest as Record<string, Observed<WebSocketObservation>>)
    const path = (subject.item as Entry).websocket ?? '$'
    const read = parseJsonPath(path)
    if (!read.ok) return inconclusive('misused', `health.websocket: ${read.error}`)
    const told = (expected: string, received: string): Evidence => ({ what: path, expected, received, where: `${health.url} (${health.peer})`, at: health.at })
    if (health.status !== 200) return inconclusive('unobserved', `health answered ${health.status}`)
    if (sockets.length === 0) return inconclusive('misused', 'health.websocket is declared, but no host declares a channel (live) to compare it with')
    let value: unknown
    try {
      const found = readJsonPath(JSON.parse(bodyText(health)) as unknown, read.segments)
      value = found.found ? found.value : undefined
    } catch {
      return inconclusive('unobserved', 'the health answer is no JSON')
    }
    const said = claims(value)
    const evidence = told('what the upgrade shows', showValue(value))
    const works = ([, seen]: (typeof sockets)[number]): boolean =>
      seen.ok && ((seen.value.status === 101 && seen.value.acceptValid && seen.value.pong) || denied(seen.value))
    const shown = sockets.map(
      ([name, seen]): Evidence =>
        seen.ok
          ? at(seen.value, 'upgrade from outside', '101 that answers a Ping, or a refusal for want of credentials', answered(seen.value))
          : { what: 'upgrade from outside', expected: '101', received: `${seen.failure.message} (${seen.failure.code})`, where: name, at: seen.startedAt },
    )
    if (value === undefined) return warn('websocket.claim.unreadable', evidence)
    if (said === undefined) return sockets.some(works) ? pass([evidence, ...shown]) : warn('websocket.claim.unreadable', [evidence, ...shown])
    if (!said) return fail('websocket.claim.down', [told('connected', showValue(value)), ...shown])
    return sockets.some(works) ? pass([evidence, ...shown]) : fail('websocket.claim.false', [evidence, ...shown])
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS'] }),
  covers: ['C16'],
})
