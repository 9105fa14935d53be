import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readEmbedderPolicy } from '../../helpers/grammar/cross-origin.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { curlDocument, judgeIsolation, noPages, showsPages } from './shared.ts'

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
  judge: ({ chain }, { subject }) =>
    judgeIsolation(chain, hostOf(subject), {
      name: 'Cross-Origin-Embedder-Policy',
      read: readEmbedderPolicy,
      open: 'unsafe-none',
      codes: { malformed: 'headers.coep.malformed', open: 'headers.coep.open' },
    }),
  reproduce: curlDocument,
  covers: [],
})
