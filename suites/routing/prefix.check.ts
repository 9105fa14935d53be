import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { evidenceOf, NOWHERE, obstacle, readMarker } from './shared.ts'

type Item = { readonly path: string; readonly doubled: string; readonly nowhere: string }
const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) =>
    Object.keys(host.declared.paths ?? {}).flatMap((path) => {
      const prefix = /^\/[^/?]+(?=\/[^/])/.exec(path)?.[0]
      if (prefix === undefined) return []
      const item: Item = { path, doubled: `${prefix}${path}`, nowhere: `${prefix}${NOWHERE}` }
      return [{ name: `https://${host.fqdn}${path}`, host, item }]
    }),
  )

export default defineCheck({
  id: 'routing/prefix',
  title: 'The path prefix is neither doubled nor stripped',
  failureTitle: 'The path prefix is doubled or stripped on the way',
  why: 'A slash too many in proxy_pass moves every route: /api/api/health works, /api/health does not.',
  source: 'nginx proxy_pass with URI; hosts.*.paths of the target',
  severity: 'medium',
  codes: {
    'routing.prefix.doubled': {
      meaning: 'The route answers under its prefix given twice.',
      fix: 'nginx: proxy_pass http://backend; without a path; Caddy: handle instead of handle_path.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'no host declares a path below a prefix' },
  needs: (subject) => {
    const { path, doubled, nowhere } = subject.item as Item
    const https = (one: string) => httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: one })
    return { right: https(path), doubled: https(doubled), nowhere: attempt(https(nowhere)) }
  },
  judge: ({ right, doubled, nowhere }, { subject }) => {
    const { path } = subject.item as Item
    const marker = hostOf(subject).declared.paths?.[path]?.marker
    // Without a marker the right answer is what the doubled one is compared with.
    const blocked = obstacle(doubled) ?? (marker === undefined ? obstacle(right) : undefined)
    if (blocked !== undefined) return blocked
    const like = (seen: HttpObservation): boolean =>
      seen.status < 300 && (marker === undefined ? seen.status === right.status && Buffer.from(seen.body).equals(right.body) : readMarker(marker, seen).ok)
    // Where every path below the prefix answers so, it is a page that answers everything, not a doubled route.
    const same = like(doubled) && !(nowhere.ok && like(nowhere.value))
    const evidence = evidenceOf(doubled, 'not the route of the single prefix')
    const findings: Finding[] = [same ? { grade: 'fail', code: 'routing.prefix.doubled', evidence } : { grade: 'pass', evidence }]
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, `https://${hostOf(subject).fqdn}${(subject.item as Item).doubled}`, { flags: ['-sS', '-i'] }),
  covers: ['E10'],
})
