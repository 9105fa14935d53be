/** What the health checks share: the declared endpoints as subjects, and the looks at them. */
import type { Subject } from '../../helpers/check.ts'
import { isChallenge } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { httpGet, httpRequest, splitUrl } from '../../helpers/probes/http.ts'
import { parseJsonPath, readJsonPath } from '../../helpers/grammar/json-path.ts'
import type { Probe } from '../../helpers/probe.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target, TargetFile } from '../../helpers/target.ts'
import type { Evidence } from '../../helpers/verdict.ts'

export type HealthEntry = NonNullable<TargetFile['health']>[number]

/** One subject per declared endpoint, named by its URL. */
export const endpoints =
  (keep: (entry: HealthEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.health ?? []).filter(keep).map((entry) => {
      const name = entry.url.replaceAll('{domain}', target.domain)
      const fqdn = splitUrl(name)?.host
      const host = target.hosts.find((one) => one.fqdn === fqdn)
      return host === undefined ? { name, item: entry } : { name, item: entry, host }
    })

export const entryOf = (subject: Subject): HealthEntry => subject.item as HealthEntry

/** The look at an endpoint; `sample` makes a further one. The first is shared by every check. */
export function look(subject: Subject, sample?: number | string): Probe<HttpObservation> {
  const parts = splitUrl(subject.name)
  if (parts === undefined) throw new TypeError(`${subject.name} is no http(s) URL`)
  const method = entryOf(subject).method
  const tag = sample === undefined ? {} : { tag: `health sample ${sample}` }
  return method === 'HEAD' ? httpRequest({ ...parts, method, ...tag }) : httpGet(subject.name, tag)
}

export const at = (seen: HttpObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: `${seen.url} (${seen.peer})`,
  at: seen.at,
})

export const curl = (subject: Subject, target: Target): string => curlFor(target, subject.name, { flags: ['-sS', '-i'] })
export const noHealth = { skip: 'not-declared', reason: 'the target declares no such health endpoint (health:)' } as const
export const blocked = (seen: HttpObservation): boolean => isChallenge(seen)
export const statusesOf = (entry: HealthEntry): readonly number[] => (entry.status === undefined ? [200] : [entry.status].flat())

/** The value a JSON path names; `misused` when the path cannot be read. */
export function valueAt(document: unknown, path: string): { readonly value: unknown } | { readonly misused: string } {
  const parsed = parseJsonPath(path)
  if (!parsed.ok) return { misused: parsed.error }
  const found = readJsonPath(document, parsed.segments)
  return { value: found.found ? found.value : undefined }
}

/** The document of a body; undefined when it is no JSON. `{value: null}` is JSON null. */
export function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

/** Names under which services say how they are as a whole, and their parts how they are. */
const STATE = /^(?:overall_?)?(?:status|state|health|healthy|ok|alive|ready|up|available)$/i
const SICK =
  /^(?:down|dead|sick|unhealthy|not[ _-]?(?:ok|ready|healthy)|nok|fail(?:ed|ing|ure)?|offline|unavailable|out[ _-]of[ _-]service|disconnected|unreachable)$/i
/** Said of a whole it means sickness; under another name it may be a level of a log. */
const SICK_WHOLE = /^(?:error|critical|red|broken)$/i
const MOST_PARTS = 2_000

/** A place of a health answer that says of itself that it is not well. */
export interface Complaint {
  /** `$.components.db.status` */
  readonly path: string
  readonly said: string
  /** It speaks for the whole answer, not for one of its parts. */
  readonly whole: boolean
}

/**
 * Where a health answer says that something is not well, in whatever way services say so: `{"status":"DOWN"}`, `{"ok":false}`, `{"database":"disconnected"}`.
 * Places that the target declares are left out: what they must be is known. Reads at most five levels.
 */
export function complaintsOf(document: unknown, declared: readonly string[]): readonly Complaint[] {
  const known = new Set(
    declared.flatMap((path) => {
      const parsed = parseJsonPath(path)
      return parsed.ok ? [parsed.segments.join('.').toLowerCase()] : []
    }),
  )
  const found: Complaint[] = []
  let parts = 0
  const walk = (value: unknown, segments: readonly string[]): void => {
    if (segments.length > 5 || value === null || typeof value !== 'object' || parts > MOST_PARTS) return
    for (const [key, inner] of Object.entries(value)) {
      parts += 1
      const path = [...segments, key]
      if (known.has(path.join('.').toLowerCase())) continue
      const state = STATE.test(key)
      const said = typeof inner === 'string' ? inner.trim() : ''
      const sick = (state && inner === false) || SICK.test(said) || (state && SICK_WHOLE.test(said))
      if (sick) found.push({ path: `$.${path.join('.')}`, said: JSON.stringify(inner), whole: state && segments.length === 0 })
      else walk(inner, path)
    }
  }
  walk(document, [])
  return found
}
/** A text of one word that says so. */
export const complains = (text: string): boolean => {
  const said = text.trim()
  return SICK.test(said) || SICK_WHOLE.test(said)
}
