import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { isHtml } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { evidenceOf, NOWHERE, obstacle } from './shared.ts'

/** Folders in which interface routes live: the first segment of every declared API path. */
const folders = (host: Host): readonly string[] => {
  // A declared path that shows a page may well lie in a folder where every path does.
  const interfaces = Object.entries(host.declared.paths ?? {}).filter(
    ([, item]) => host.kind === 'api' || item.marker?.json !== undefined || /json/i.test(item.contentType ?? ''),
  )
  const declared = [...(host.declared.apiPaths ?? []), ...interfaces.map(([path]) => path)].flatMap((path) => /^\/[^/?]+(?=\/)/.exec(path)?.[0] ?? [])
  return [...new Set(declared.length === 0 && host.kind === 'api' ? ['/api'] : declared)]
}
const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) => folders(host).map((folder) => ({ name: `https://${host.fqdn}${folder}/`, host, item: `${folder}${NOWHERE}` })))

export default defineCheck({
  id: 'routing/spa-fallback',
  title: 'An interface route that does not exist is not a page',
  failureTitle: 'Interface routes fall through to a page',
  why: 'try_files … /index.html answers every mistake with 200 and HTML: health checks turn green and clients fail while parsing.',
  source: 'RFC 9110 §15.5.5; nginx try_files',
  severity: 'high',
  codes: {
    'routing.fallback.page': {
      meaning: 'A route that cannot exist below the interface is answered with an HTML page and a success status.',
      fix: 'nginx: location /api/ { proxy_pass … } before the fallback location.',
    },
    'routing.fallback.success': { meaning: 'A route that cannot exist is answered with a success status.', fix: 'Answer unknown routes with 404.' },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'no host of kind api, no apiPaths and no paths are declared' },
  needs: (subject) => ({ answer: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: String(subject.item) }) }),
  judge: ({ answer }) => {
    const blocked = obstacle(answer)
    if (blocked !== undefined) return blocked
    const evidence = evidenceOf(answer, 'a refusal (404, 401) in the manner of the interface')
    if (answer.status < 200 || answer.status >= 300) return pass(evidence)
    return fail(isHtml(answer) ? 'routing.fallback.page' : 'routing.fallback.success', evidence)
  },
  reproduce: (subject, target) => curlFor(target, `https://${hostOf(subject).fqdn}${String(subject.item)}`, { flags: ['-sS', '-i'] }),
  covers: ['E10'],
})
