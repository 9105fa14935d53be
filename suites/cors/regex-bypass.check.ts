import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { bothLooks, curl, FOREIGN, isOpen, letsIn, lookAlikes, noCors, refusedOrigins, routes } from './shared.ts'

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
  subjects: routes((entry) => !isOpen(entry)),
  unless: noCors,
  needs: (subject, target) => bothLooks(subject, [FOREIGN, ...lookAlikes(subject, target)]),
  judge: (seen) => {
    const looks = Object.entries(seen as Record<string, HttpObservation>)
    const controls = looks.filter(([name]) => name.endsWith(` ${FOREIGN}`))
    const rest = Object.fromEntries(looks.filter(([name]) => !name.endsWith(` ${FOREIGN}`)))
    // Where every origin is echoed nothing is compared at all: then it weighs as much as cors/reflect-credentials says, no more.
    const echo = controls.some(([, answer]) => letsIn(readCors(answer.headers), FOREIGN))
    return refusedOrigins(rest, 'cors.look-alike-allowed', !echo)
  },
  reproduce: curl((subject, target) => lookAlikes(subject, target)[0] ?? 'https://evil.test'),
  covers: ['E12'],
})
