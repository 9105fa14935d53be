import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readOpenerPolicy } from '../../helpers/grammar/cross-origin.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlDocument, documentOr, evidenceOf, isDeclared, noPages, showsPages, shownValues } from './shared.ts'

const NAME = 'Cross-Origin-Opener-Policy'

export default defineCheck({
  id: 'headers/coop',
  title: 'Other sites cannot keep a handle on the window',
  failureTitle: 'Other sites can keep a handle on the window, or the policy is not understood',
  why: 'A page that opens this one can read its location and follow it; a broken value means no protection, silently.',
  source: 'HTML §7.1.3; ASVS 3.4.8; RFC 9651',
  severity: 'low',
  codes: {
    'headers.coop.malformed': {
      meaning: 'The value is not one of the words, so browsers ignore it.',
      fix: 'Write one word in lower case without quotes, once: same-origin.',
    },
    'headers.coop.open': {
      meaning: 'The header says in so many words that nothing is restricted.',
      fix: 'Send same-origin, or declare the value in the target if it is meant.',
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
    const read = readOpenerPolicy(values)
    switch (read.kind) {
      case 'absent':
        return pass(evidence)
      case 'malformed':
        return fail('headers.coop.malformed', { ...evidence, received: read.error })
      case 'value':
        return read.value === 'unsafe-none' && !isDeclared(host, NAME) ? warn('headers.coop.open', evidence, 'info') : pass(evidence)
      default:
        return read satisfies never
    }
  },
  reproduce: curlDocument,
  covers: [],
})
