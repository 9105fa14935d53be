import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { mediaType } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { evidenceOf, obstacle, readMarker } from './shared.ts'

const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) =>
    Object.entries(host.declared.paths ?? {}).map(([path, item]) => ({ name: `https://${host.fqdn}${path}`, host, item: { path, ...item } })),
  )
type Item = NonNullable<Target['hosts'][number]['declared']['paths']>[string] & { readonly path: string }

export default defineCheck({
  id: 'routing/path-backends',
  title: 'Each declared path reaches its own backend',
  failureTitle: 'A path reaches another backend than declared',
  why: 'Behind one name several services share the paths; a rule in the wrong order sends them all to the same one, which answers too.',
  source: 'hosts.*.paths of the target',
  severity: 'high',
  codes: {
    'routing.path.status': { meaning: 'The path answers with another status than declared.', fix: 'Check the location and proxy_pass of this path.' },
    'routing.path.content-type': {
      meaning: 'The path answers with another content type than declared.',
      fix: 'A page in place of JSON means the wrong backend or a fallback answered.',
    },
    'routing.path.marker': {
      meaning: 'The answer does not carry what marks this backend.',
      fix: 'Check the order of the locations and the address each is passed to.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'no host declares paths' },
  needs: (subject) => ({ answer: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: (subject.item as Item).path }) }),
  judge: ({ answer }, { subject }) => {
    const item = subject.item as Item
    const blocked = obstacle(answer)
    if (blocked !== undefined) return blocked
    const statuses = [item.status ?? 200].flat()
    const findings: Finding[] = []
    const status = evidenceOf(answer, `status ${statuses.join(' or ')}${item.backend === undefined ? '' : ` from ${item.backend}`}`)
    findings.push(statuses.includes(answer.status) ? { grade: 'pass', evidence: status } : { grade: 'fail', code: 'routing.path.status', evidence: status })
    if (item.contentType !== undefined) {
      const evidence = evidenceOf(answer, item.contentType, mediaType(answer.headers) ?? 'none', `content type of ${answer.url}`)
      findings.push(
        mediaType(answer.headers) === item.contentType.split(';', 1)[0]?.trim().toLowerCase()
          ? { grade: 'pass', evidence }
          : { grade: 'fail', code: 'routing.path.content-type', evidence },
      )
    }
    if (item.marker !== undefined) {
      const read = readMarker(item.marker, answer)
      if (read.misused !== undefined) return inconclusive('misused', read.misused, read.evidence)
      for (const evidence of read.evidence) findings.push(read.ok ? { grade: 'pass', evidence } : { grade: 'fail', code: 'routing.path.marker', evidence })
    }
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i'] }),
  covers: ['A5', 'E10'],
})
