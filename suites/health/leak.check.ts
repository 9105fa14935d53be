import { defineCheck } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { showValue } from '../../helpers/matcher.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, blocked, curl, endpoints, entryOf, jsonOf, look, noHealth, statusesOf } from './shared.ts'

/** What it is, and what gives it away. The matched text itself never goes into evidence. */
const SECRETS: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    'a connection string with a password',
    /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'/:@<>]{0,80}:(?!(?:\*+|x{3,}|\[?(?:redacted|masked|hidden|filtered|secret)\]?)@)[^\s"'@<>/]{1,200}@[^\s"'<>/]{1,200}/i,
  ],
  ['a private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ['an access key of a cloud', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  [
    'a token',
    /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{16,}|eyJ(?:(?!-eyJ)[A-Za-z0-9_-]){10,8000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,})/,
  ],
  [
    'a secret by its name',
    /["']?\b[A-Za-z0-9_]{0,60}(?:password|passwd|secret|api_?key|access_?key|private_?key|auth_?token|jwt_?key|db_?pass)(?![A-Za-z0-9_]{0,40}(?:polic|algorithm|rotat|enabled|required|reset|length|expir|age\b|status|state|check|store|provider|manager|count|health))[A-Za-z0-9_]{0,20}["']?\s*[:=]\s*["']?(?!["']?(?:\*{3,}|<[a-z]+>|\[?redacted\]?|null|none|true|false|yes|no|set|unset|ok|up|down|healthy|unhealthy|connected|disconnected|present|absent|missing|configured|loaded|valid|invalid|defined|undefined|enabled|disabled|available|unavailable|required|optional|found|exists|unknown|hidden|masked)\b)[^\s"',}*<]{4,}/i,
  ],
]
const ENVIRONMENT =
  /["']?\b(?:PATH|HOME|PWD|HOSTNAME|NODE_OPTIONS|LD_LIBRARY_PATH|DATABASE_URL|REDIS_URL|MONGO(?:DB)?_URI|SMTP_(?:HOST|USER)|AWS_[A-Z_]{2,40})["']?\s*[:=]\s*["']?[^\s"',}]{2,}/
const PRIVATE_ADDRESS = /\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b/
const STACK = /\n\s{1,50}at [\w.<>]+ \(?[/\w.:-]+:\d+:\d+|Traceback \(most recent call last\)/

/** Keys of JSON that name a version number (`version`, `nodeVersion`, `pg_version`), up to five levels deep, with their values. */
function versions(value: unknown, depth = 0): readonly (readonly [key: string, value: string])[] {
  if (depth > 5 || value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && /version$/i.test(key) && /\d\.\d/.test(inner) ? [[key, inner] as const] : versions(inner, depth + 1),
  )
}

export default defineCheck({
  id: 'health/leak',
  title: 'The health answer gives no secret away',
  failureTitle: 'The health answer gives away what is nobody’s business',
  why: 'Health endpoints are public; error texts of database drivers put connection strings into them.',
  source: 'OWASP WSTG-INFO-05; ASVS 14.3',
  severity: 'critical',
  codes: {
    'health.leak.secret': {
      meaning: 'The body holds a credential.',
      fix: 'Answer with states only, never with configuration or driver errors; replace the credential.',
    },
    'health.leak.environment': { meaning: 'The body holds environment values.', fix: 'Report that variables are set, not what they are.' },
    'health.leak.version': {
      meaning: 'The body names versions that the target does not declare.',
      fix: 'Leave them out, or declare the field in health.json of the target.',
    },
    'health.leak.internal': { meaning: 'The body holds internal addresses or a stack trace.', fix: 'Answer with states only; write details to the log.' },
  },
  options: {},
  subjects: endpoints((entry) => entry.method !== 'HEAD'),
  unless: noHealth,
  needs: (subject) => ({ seen: look(subject) }),
  judge: ({ seen }, { subject }) => {
    if (blocked(seen)) return inconclusive('unobserved', 'a challenge page stood before the endpoint')
    const text = bodyText(seen)
    const found = (code: string, what: string, severity: 'critical' | 'high' | 'medium', length: number): Finding => ({
      grade: severity === 'medium' ? 'warn' : 'fail',
      code,
      severity,
      evidence: at(seen, 'body', 'nothing secret', `${what} (${length} characters, not shown)`),
    })
    const findings: Finding[] = []
    for (const [what, pattern] of SECRETS) {
      const match = pattern.exec(text)
      if (match !== null) findings.push(found('health.leak.secret', what, 'critical', match[0].length))
    }
    const environment = ENVIRONMENT.exec(text)
    if (environment !== null && findings.length === 0) findings.push(found('health.leak.environment', 'an environment value', 'high', environment[0].length))
    const internal = PRIVATE_ADDRESS.exec(text) ?? STACK.exec(text)
    if (internal !== null) findings.push(found('health.leak.internal', 'an internal address or stack trace', 'medium', internal[0].length))
    const entry = entryOf(subject)
    const known = Object.keys(entry.json ?? {}).map((path) => /(?<![\w-])([\w-]+)["'\]]*$/.exec(path)?.[1]?.toLowerCase())
    const expected = subject.host?.declared.release?.expect
    for (const [key, value] of versions(jsonOf(text)?.value).slice(0, 20)) {
      if (known.includes(key.toLowerCase()) || value === expected) continue
      findings.push({
        grade: 'warn',
        code: 'health.leak.version',
        severity: 'low',
        evidence: at(seen, key, 'no version that is not declared', showValue(value)),
      })
    }
    if (findings.length === 0 && (seen.truncated || !statusesOf(entry).includes(seen.status)))
      return inconclusive(
        'unobserved',
        seen.truncated ? `the answer was cut after ${seen.body.length} bytes` : `the endpoint answered ${seen.status}: that is not its health answer`,
        at(seen, 'body', 'a whole health answer', `status ${seen.status}, ${seen.body.length} bytes`),
      )
    findings.push({
      grade: 'pass',
      evidence: at(seen, 'body', 'nothing secret', `${text.length} characters read for credentials, environment values, addresses and traces`),
    })
    return worst(findings)
  },
  reproduce: curl,
  covers: ['D28'],
})
