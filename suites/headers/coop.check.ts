import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readOpenerPolicy } from '../../helpers/grammar/cross-origin.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { curlDocument, judgeIsolation, noPages, showsPages } from './shared.ts'

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
  judge: ({ chain }, { subject }) =>
    judgeIsolation(chain, hostOf(subject), {
      name: 'Cross-Origin-Opener-Policy',
      read: readOpenerPolicy,
      open: 'unsafe-none',
      codes: { malformed: 'headers.coop.malformed', open: 'headers.coop.open' },
    }),
  reproduce: curlDocument,
  covers: [],
})
