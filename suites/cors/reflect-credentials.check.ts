import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Finding } from '../../helpers/verdict.ts'
import {
  at,
  bothLooks,
  conclude,
  curl,
  declares,
  entryOf,
  FOREIGN,
  isBlocked,
  isOpen,
  letsIn,
  noHosts,
  refusedOf,
  routesAndDocuments,
  shown,
  subDomains,
} from './shared.ts'

export default defineCheck({
  id: 'cors/reflect-credentials',
  title: 'Foreign origins are not let in',
  failureTitle: 'Foreign origins are let in',
  why: 'Any page a signed-in visitor opens can then read and change their data.',
  source: 'Fetch, CORS protocol; OWASP WSTG-CLNT-07',
  severity: 'critical',
  codes: {
    'cors.reflected-with-credentials': {
      meaning: 'A foreign origin is allowed, with credentials.',
      fix: 'Compare the origin with a fixed list, letter for letter; never echo it.',
    },
    'cors.reflected': {
      meaning: 'A foreign origin is allowed, without credentials.',
      fix: 'Compare the origin with a fixed list, or declare the data public with a plain *.',
    },
    'cors.wildcard-with-credentials': {
      meaning: 'Access-Control-Allow-Origin: * together with credentials: browsers refuse it.',
      fix: 'Name the one allowed origin, or drop Access-Control-Allow-Credentials.',
    },
    'cors.any-origin': { meaning: 'Access-Control-Allow-Origin: * although origins are declared.', fix: 'Name the declared origins.' },
    'cors.refused-origin-allowed': { meaning: 'An origin that is declared refused is allowed.', fix: 'Take it out of the list of the application or proxy.' },
    'cors.undeclared-subdomain': { meaning: 'Any sub-domain is allowed.', fix: 'Name the sub-domains; one forgotten host under the domain opens all.' },
  },
  options: {},
  subjects: routesAndDocuments(),
  unless: noHosts,
  needs: (subject, target) =>
    bothLooks(
      subject,
      [...new Set([FOREIGN, ...(entryOf(subject).undeclared === true ? [] : subDomains(subject, target)), ...refusedOf(entryOf(subject), target)])].filter(
        // Those belong to cors/null-origin and cors/http-origin.
        (origin) => !declares(subject, target, origin) && origin !== 'null' && !origin.startsWith('http://'),
      ),
    ),
  judge: (seen, { subject, target }) => {
    const findings: Finding[] = []
    const obstacles: HttpObservation[] = []
    const open = isOpen(entryOf(subject))
    // What is public may be open to all; that it should not be somebody has to say.
    const starred = open || entryOf(subject).undeclared === true
    const refused = refusedOf(entryOf(subject), target)
    for (const [name, answer] of Object.entries(seen as Record<string, HttpObservation>)) {
      const [method, origin] = name.split(' ') as [string, string]
      if (isBlocked(answer)) {
        obstacles.push(answer)
        continue
      }
      const cors = readCors(answer.headers)
      const expected = starred ? 'no origin but *, without credentials' : 'the origin is not allowed'
      const evidence = at(answer, `${method} with Origin: ${origin}`, expected, shown(cors))
      const stars = cors.origins.length > 0 && cors.origins.every((line) => line.split(/[\s,]+/).every((one) => one === '*'))
      if (stars) {
        if (cors.credentials) findings.push({ grade: 'warn', code: 'cors.wildcard-with-credentials', evidence, severity: 'medium' })
        else findings.push(starred ? { grade: 'pass', evidence } : { grade: 'warn', code: 'cors.any-origin', evidence, severity: 'medium' })
      } else if (!letsIn(cors, origin)) findings.push({ grade: 'pass', evidence })
      else if (refused.includes(origin))
        findings.push({ grade: 'fail', code: 'cors.refused-origin-allowed', evidence, severity: cors.credentials ? 'critical' : 'medium' })
      else if (origin === FOREIGN) {
        if (cors.credentials) findings.push({ grade: 'fail', code: 'cors.reflected-with-credentials', evidence, severity: 'critical' })
        // Echoing without credentials gives what * gives.
        else findings.push(open ? { grade: 'pass', evidence } : { grade: 'warn', code: 'cors.reflected', evidence, severity: 'medium' })
      } else
        findings.push(
          open && !cors.credentials ? { grade: 'pass', evidence } : { grade: 'warn', code: 'cors.undeclared-subdomain', evidence, severity: 'high' },
        )
    }
    return conclude(findings, obstacles)
  },
  reproduce: curl(() => FOREIGN),
  covers: ['B18', 'E11', 'E12'],
})
