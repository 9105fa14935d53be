import { defineCheck } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { bothLooks, curl, isOpen, noHosts, refusedOrigins, routesAndDocuments } from './shared.ts'

export default defineCheck({
  id: 'cors/null-origin',
  title: 'The origin null is not let in',
  failureTitle: 'The origin null is let in',
  why: 'Every sandboxed frame and every local file sends Origin: null; allowing it allows everybody.',
  source: 'ASVS 3.4.2; Fetch',
  severity: 'high',
  codes: {
    'cors.null-allowed': {
      meaning: 'Origin null is allowed.',
      fix: 'Compare the origin with a fixed list, letter for letter: no regular expression, no prefix, no suffix.',
    },
  },
  options: {},
  subjects: routesAndDocuments((entry) => !isOpen(entry) && !entry.origins.includes('null')),
  unless: noHosts,
  needs: (subject) => bothLooks(subject, ['null']),
  judge: (seen) => refusedOrigins(seen as Record<string, HttpObservation>, 'cors.null-allowed'),
  reproduce: curl(() => 'null'),
  covers: ['E12'],
})
