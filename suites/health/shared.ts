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
