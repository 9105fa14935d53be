import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { evidenceOf, obstacle, readMarker } from './shared.ts'

type Item = { readonly path: string; readonly doubled: string; readonly stripped: string }
const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) =>
    Object.keys(host.declared.paths ?? {}).flatMap((path) => {
      const prefix = /^\/[^/?]+(?=\/[^/])/.exec(path)?.[0]
      if (prefix === undefined) return []
      const item: Item = { path, doubled: `${prefix}${path}`, stripped: path.slice(prefix.length) }
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
    const { path, doubled } = subject.item as Item
    const https = (one: string) => httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: one })
    return { right: https(path), doubled: https(doubled) }
  },
  judge: ({ right, doubled }, { subject }) => {
    const blocked = obstacle(doubled)
    if (blocked !== undefined) return blocked
    const { path } = subject.item as Item
    const marker = hostOf(subject).declared.paths?.[path]?.marker
    const same = marker === undefined ? doubled.status === right.status && Buffer.from(doubled.body).equals(right.body) : readMarker(marker, doubled).ok
    const evidence = evidenceOf(doubled, 'not the route of the single prefix')
    const findings: Finding[] = [doubled.status < 300 && same ? { grade: 'fail', code: 'routing.prefix.doubled', evidence } : { grade: 'pass', evidence }]
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, `https://${hostOf(subject).fqdn}${(subject.item as Item).doubled}`, { flags: ['-sS', '-i'] }),
  covers: ['E10'],
})
