import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readResourcePolicy } from '../../helpers/grammar/cross-origin.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { curlDocument, judgeIsolation, noPages, showsPages } from './shared.ts'

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
  judge: ({ chain }, { subject }) =>
    judgeIsolation(chain, hostOf(subject), {
      name: 'Cross-Origin-Resource-Policy',
      read: readResourcePolicy,
      open: 'cross-origin',
      codes: { malformed: 'headers.corp.malformed', open: 'headers.corp.open' },
    }),
  reproduce: curlDocument,
  covers: [],
})
