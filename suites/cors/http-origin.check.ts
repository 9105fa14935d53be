import { defineCheck } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { bothLooks, curl, isOpen, noCors, plainOrigins, refusedOrigins, routes } from './shared.ts'

export default defineCheck({
  id: 'cors/http-origin',
  title: 'The http variant of an origin is not let in',
  failureTitle: 'The http variant of an origin is let in',
  why: 'Whoever sits on the network can put a page onto the http origin and read the answers through it.',
  source: 'OWASP WSTG-CLNT-07',
  severity: 'medium',
  codes: {
    'cors.http-origin-allowed': {
      meaning: 'The http variant of an allowed origin is allowed.',
      fix: 'Compare the origin with a fixed list, letter for letter: no regular expression, no prefix, no suffix.',
    },
  },
  options: {},
  subjects: routes((entry) => !isOpen(entry)),
  unless: noCors,
  needs: (subject, target) => bothLooks(subject, plainOrigins(subject, target)),
  judge: (seen) => refusedOrigins(seen as Record<string, HttpObservation>, 'cors.http-origin-allowed'),
  reproduce: curl((subject, target) => plainOrigins(subject, target)[0] ?? 'http://example.com'),
  covers: ['E12'],
})
