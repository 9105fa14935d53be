import { defineCheck } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { bothLooks, curl, lookAlikes, noCors, refusedOrigins, routes } from './shared.ts'

export default defineCheck({
  id: 'cors/regex-bypass',
  title: 'Look-alikes of allowed origins are not let in',
  failureTitle: 'A look-alike of an allowed origin is let in',
  why: 'Comparing by prefix, suffix or an unescaped dot lets anyone in who registers the right name.',
  source: 'OWASP WSTG-CLNT-07',
  severity: 'high',
  codes: {
    'cors.look-alike-allowed': {
      meaning: 'An origin that only resembles an allowed one is allowed.',
      fix: 'Compare the origin with a fixed list, letter for letter: no regular expression, no prefix, no suffix.',
    },
  },
  options: {},
  subjects: routes((entry) => !entry.origins.includes('*')),
  unless: noCors,
  needs: (subject, target) => bothLooks(subject, lookAlikes(subject, target)),
  judge: (seen) => refusedOrigins(seen as Record<string, HttpObservation>, 'cors.look-alike-allowed'),
  reproduce: curl((subject, target) => lookAlikes(subject, target)[0] ?? 'https://evil.test'),
  covers: ['E12'],
})
