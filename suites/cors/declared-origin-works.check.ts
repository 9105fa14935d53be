import { defineCheck } from '../../helpers/check.ts'
import { allowsHeader, allowsMethod, originGrant, readCors } from '../../helpers/grammar/cors.ts'
import { isChallenge, isObstacle } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { at, conclude, curl, entryOf, FOREIGN, noCors, preflight, real, routes, shown, UNDECLARED_HEADER, welcome } from './shared.ts'

const methodsOf = (declared: readonly string[] | undefined): readonly string[] => (declared === undefined || declared.length === 0 ? ['GET'] : declared)

export default defineCheck({
  id: 'cors/declared-origin-works',
  title: 'Declared origins may use the interface',
  failureTitle: 'A declared origin cannot use the interface',
  why: 'A preflight carries no credentials: an authentication proxy or a redirect that answers it breaks the application in browsers only.',
  source: 'Fetch, CORS check and CORS-preflight fetch',
  severity: 'high',
  codes: {
    'cors.origin-missing': {
      meaning: 'The answer allows no origin.',
      fix: 'Send Access-Control-Allow-Origin with this origin on this route (nginx: add_header … always).',
    },
    'cors.origin-duplicated': {
      meaning: 'Access-Control-Allow-Origin holds more than one value: browsers refuse it.',
      fix: 'Set the policy in one place: in the proxy or in the application.',
    },
    'cors.origin-other': { meaning: 'Another origin is allowed than the one that asked.', fix: 'Answer with the origin that asked, if it is on the list.' },
    'cors.credentials-missing': {
      meaning: 'Credentials are declared, but Access-Control-Allow-Credentials is not exactly true.',
      fix: 'Send Access-Control-Allow-Credentials: true and a named origin.',
    },
    'cors.credentials-undeclared': { meaning: 'Credentials are allowed although declared off.', fix: 'Drop Access-Control-Allow-Credentials.' },
    'cors.preflight-status': {
      meaning: 'The preflight is not answered with a success: redirected, refused or failed.',
      fix: 'Answer OPTIONS before authentication and without slash redirects.',
    },
    'cors.method-missing': { meaning: 'A declared method is not allowed by the preflight.', fix: 'Add it to Access-Control-Allow-Methods.' },
    'cors.list-malformed': {
      meaning: 'A list of the preflight holds what is no token: browsers drop the whole header.',
      fix: 'Send names separated by commas, nothing else.',
    },
    'cors.header-missing': {
      meaning: 'A declared request header is not allowed by the preflight.',
      fix: 'Add it to Access-Control-Allow-Headers; * never covers Authorization.',
    },
  },
  options: {},
  subjects: routes((entry) => entry.origins.length > 0),
  unless: noCors,
  needs: (subject, target) => {
    const looks: Record<string, Probe<HttpObservation>> = {}
    for (const origin of welcome(subject, target)) {
      looks[`GET ${origin}`] = real(subject, origin)
      for (const method of methodsOf(entryOf(subject).methods)) looks[`OPTIONS ${origin} ${method}`] = preflight(subject, origin, method)
    }
    return looks
  },
  judge: (seen, { subject }) => {
    const entry = entryOf(subject)
    const findings: Finding[] = []
    const obstacles: HttpObservation[] = []
    for (const [name, answer] of Object.entries(seen as Record<string, HttpObservation>)) {
      const [kind, origin, method] = name.split(' ') as [string, string, string | undefined]
      const cors = readCors(answer.headers)
      const label = kind === 'GET' ? `GET with Origin: ${origin}` : `preflight for ${method} from ${origin}`
      const add = (holds: boolean, code: string, expected: string, received: string): void =>
        void findings.push({ grade: holds ? 'pass' : 'fail', code, evidence: at(answer, label, expected, received) })
      // A preflight that fails is itself the finding; a limiter or a challenge in front of it is not.
      if (kind === 'GET' ? isObstacle(answer) : answer.status === 429 || isChallenge(answer)) {
        obstacles.push(answer)
        continue
      }
      if (kind === 'OPTIONS') add(answer.status >= 200 && answer.status <= 299, 'cors.preflight-status', '200–299', String(answer.status))
      const grant = originGrant(cors, origin)
      const usable = grant === 'exact' || (grant === 'any' && entry.credentials !== true)
      const code =
        cors.origins.length === 0
          ? 'cors.origin-missing'
          : cors.origins.length > 1 || grant === 'list' || (cors.origins[0] ?? '').includes(',')
            ? 'cors.origin-duplicated'
            : 'cors.origin-other'
      add(usable, code, `Access-Control-Allow-Origin: ${origin}, once`, shown(cors))
      if (!usable) continue
      if (entry.credentials !== undefined)
        add(
          cors.credentials === entry.credentials,
          entry.credentials ? 'cors.credentials-missing' : 'cors.credentials-undeclared',
          entry.credentials ? 'Access-Control-Allow-Credentials: true' : 'no Access-Control-Allow-Credentials',
          cors.credentialsRaw.join(' and ') || 'absent',
        )
      if (kind !== 'OPTIONS' || method === undefined) continue
      const malformed = cors.malformed.filter((one) => one.startsWith('access-control-allow-'))
      if (malformed.length > 0) add(false, 'cors.list-malformed', 'lists of tokens', malformed.join('; '))
      const credentials = entry.credentials ?? false
      add(allowsMethod(cors, method, credentials), 'cors.method-missing', `${method} in Access-Control-Allow-Methods`, cors.methods?.join(', ') ?? 'absent')
      for (const header of (entry.headers ?? []).map((one) => (one === '*' ? UNDECLARED_HEADER : one)))
        add(allowsHeader(cors, header, credentials), 'cors.header-missing', `${header} in Access-Control-Allow-Headers`, cors.headers?.join(', ') ?? 'absent')
    }
    return conclude(findings, obstacles)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN, 'OPTIONS'),
  covers: ['B18', 'E11'],
})
