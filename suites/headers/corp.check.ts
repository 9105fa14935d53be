import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readResourcePolicy } from '../../helpers/grammar/cross-origin.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlDocument, documentOr, evidenceOf, isDeclared, noPages, showsPages, shownValues } from './shared.ts'

const NAME = 'Cross-Origin-Resource-Policy'

export default defineCheck({
  id: 'headers/corp',
  title: 'Other sites cannot load the document as a resource',
  failureTitle: 'Other sites can load the document as a resource, or the policy is not understood',
  why: 'A resource loaded by another site can be read out of its process memory; a broken value means no protection, silently.',
  source: 'Fetch §3.7; ASVS 3.5.8; RFC 9651',
  severity: 'low',
  codes: {
    'headers.corp.malformed': {
      meaning: 'The value is not one of the words, so browsers ignore it.',
      fix: 'Write one word in lower case without quotes, once: same-site.',
    },
    'headers.corp.open': {
      meaning: 'The header says in so many words that nothing is restricted.',
      fix: 'Send same-site, or declare the value in the target if it is meant.',
    },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const host = hostOf(subject)
    const basis = documentOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const values = headerValues(seen.headers, NAME)
    const evidence = evidenceOf(seen, NAME, 'absent, or a valid value that restricts', shownValues(values))
    const read = readResourcePolicy(values)
    switch (read.kind) {
      case 'absent':
        return pass(evidence)
      case 'malformed':
        return fail('headers.corp.malformed', { ...evidence, received: read.error })
      case 'value':
        return read.value === 'cross-origin' && !isDeclared(host, NAME) ? warn('headers.corp.open', evidence, 'info') : pass(evidence)
      default:
        return read satisfies never
    }
  },
  reproduce: curlDocument,
  covers: [],
})
