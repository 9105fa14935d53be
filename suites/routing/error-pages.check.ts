import { defineCheck, type Subject } from '../../helpers/check.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { evidenceOf, readMarker } from './shared.ts'

type Item = NonNullable<Target['file']['errorPages']>[number]
const subjects = (target: Target): readonly Subject[] =>
  (target.file.errorPages ?? []).flatMap((item) => {
    const host = target.hosts.find((one) => one.name === (item.host ?? '@'))
    return item.probe === undefined || host === undefined ? [] : [{ name: `https://${host.fqdn}${item.probe}`, host, item }]
  })

export default defineCheck({
  id: 'routing/error-pages',
  title: 'Errors keep their status and show the declared page',
  failureTitle: 'An error loses its status or its page',
  why: 'error_page … =200 makes every outage look healthy to monitors and caches; the bare page of the proxy tells visitors nothing.',
  source: 'nginx error_page; errorPages of the target',
  severity: 'medium',
  codes: {
    'routing.error-page.status': {
      meaning: 'The provoked error is answered with another status than declared.',
      fix: 'nginx: error_page 502 503 504 /5xx.html; without =200.',
    },
    'routing.error-page.content': {
      meaning: 'The error does not show the declared page.',
      fix: 'nginx: error_page in this server block, and proxy_intercept_errors on.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'no entry of errorPages has a probe' },
  needs: (subject) => ({ answer: httpRequest({ scheme: 'https', host: subject.host?.fqdn ?? '', path: (subject.item as Item).probe ?? '/' }) }),
  judge: ({ answer }, { subject }) => {
    const item = subject.item as Item
    const statuses = [item.status].flat()
    const status = evidenceOf(answer, `status ${statuses.join(' or ')}`)
    if (!statuses.includes(answer.status)) return fail('routing.error-page.status', status, answer.status < 400 ? 'high' : 'medium')
    if (item.marker === undefined) return pass(status)
    const read = readMarker(item.marker, answer)
    if (read.misused !== undefined) return inconclusive('misused', read.misused, read.evidence)
    return read.ok ? pass([status, ...read.evidence]) : fail('routing.error-page.content', [...read.evidence, status])
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i'] }),
  covers: ['A12'],
})
