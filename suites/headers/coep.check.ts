import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readEmbedderPolicy } from '../../helpers/grammar/cross-origin.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlDocument, documentOr, evidenceOf, isDeclared, noPages, showsPages, shownValues } from './shared.ts'

const NAME = 'Cross-Origin-Embedder-Policy'

export default defineCheck({
  id: 'headers/coep',
  title: 'The embedder policy is one that browsers understand',
  failureTitle: 'The embedder policy is not understood',
  why: 'Nobody needs it, but a value that browsers pass over means that isolation the application counts on is not there.',
  source: 'HTML §7.1.4; RFC 9651',
  severity: 'low',
  codes: {
    'headers.coep.malformed': {
      meaning: 'The value is not one of the words, so browsers ignore it.',
      fix: 'Write one word in lower case without quotes, once: require-corp.',
    },
    'headers.coep.open': {
      meaning: 'The header says in so many words that nothing is restricted.',
      fix: 'Send require-corp, or declare the value in the target if it is meant.',
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
    const read = readEmbedderPolicy(values)
    switch (read.kind) {
      case 'absent':
        return pass(evidence)
      case 'malformed':
        return fail('headers.coep.malformed', { ...evidence, received: read.error })
      case 'value':
        return read.value === 'unsafe-none' && !isDeclared(host, NAME) ? warn('headers.coep.open', evidence, 'info') : pass(evidence)
      default:
        return read satisfies never
    }
  },
  reproduce: curlDocument,
  covers: [],
})
