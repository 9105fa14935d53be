import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { CANARY, compressionOracle } from '../../helpers/probes/compression-oracle.ts'
import { curlFor, shellQuote } from '../../helpers/reproduce.ts'
import { type Evidence, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'tls/http-compression',
  title: 'No page compresses what a visitor sends together with a secret',
  failureTitle: 'A page compresses what a visitor sends together with a secret',
  why: 'The length of a compressed page tells whether a guess equals the secret beside it, letter by letter, to anybody who can send visitors there and see lengths (BREACH). Compressed files and pages without secrets are no risk.',
  source: 'CVE-2013-3587; RFC 9325 §3.3',
  severity: 'low',
  codes: {
    'tls.breach.potential': {
      meaning: 'The page carries a secret that stays the same, repeats a parameter of the query, and is compressed.',
      fix: 'Mask the token anew in every answer (Django, Rails and others do), do not repeat the query there, or do not compress this page.',
    },
  },
  options: {},
  subjects: eachHost(({ kind }) => kind === 'page' || kind === 'spa'),
  unless: { skip: 'not-declared', reason: 'no host shows documents' },
  needs: (subject) => ({ look: compressionOracle(hostOf(subject)) }),
  judge: ({ look: { document, html, secrets, again } }) => {
    const item = (what: string, expected: string, received: string, seen = document): Evidence => ({ what, expected, received, where: seen.url, at: seen.at })
    const status = item('the document', 'an answer of the host itself', `status ${document.status}`)
    if (isObstacle(document)) return inconclusive('unobserved', 'something stood in the way of the document', status)
    if (!html) {
      const received = `status ${document.status}, no HTML`
      return document.status < 400
        ? pass(item('the document', 'no page that carries a secret', received))
        : skip('not-applicable', 'there is no document to judge', status)
    }
    if (secrets.length === 0) return pass(item('secrets in the document', 'none, or not beside what is sent in one compressed answer', 'none found'))
    const named = secrets.slice(0, 5).join(', ')
    if (again === undefined) return inconclusive('defect', 'the document was not asked for again', status)
    if (!again.ok) return inconclusive('unobserved', again.failure.message, item('secrets in the document', 'to be looked at again', named))
    const { response, coding, reflected, same } = again.value
    if (isObstacle(response)) return inconclusive('unobserved', `something stood in the way of the second look: status ${response.status}`, status)
    const evidence = [
      item(
        'secrets in the document',
        'another value every time',
        same.length === 0 ? `${named}: another value every time` : `${same.slice(0, 5).join(', ')}: the same value again`,
        response,
      ),
      item('a word of the query', 'not repeated', reflected ? 'repeated' : 'not repeated', response),
      item('compression', 'none', coding ?? 'none', response),
    ]
    return same.length > 0 && reflected && coding !== undefined ? warn('tls.breach.potential', evidence) : pass(evidence)
  },
  reproduce: (subject, target) => {
    const { fqdn, path } = hostOf(subject)
    const url = `https://${fqdn}${path}${path.includes('?') ? '&' : '?'}q=${CANARY}`
    return `${curlFor(target, url, { flags: ['-sS', '-i', '--compressed'] })} | grep -aiE ${shellQuote(`^content-encoding|csrf|xsrf|token|${CANARY}`)}`
  },
  covers: ['C3'],
})
