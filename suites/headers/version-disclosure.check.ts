import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { errorLooks, usableOf } from './responses.ts'
import { answerOf, curlDocument, evidenceOf, isDeclared, noHosts, shownValues } from './shared.ts'

/** Name software; of the OWASP list those that carry versions. */
const NAMES: readonly string[] = [
  'server',
  'via',
  'x-powered-by',
  'x-powered-cms',
  'x-generator',
  'x-aspnet-version',
  'x-aspnetmvc-version',
  'x-php-version',
  'x-jenkins',
  'x-owa-version',
  'x-mod-pagespeed',
  'x-page-speed',
  'x-oneagent-js-injection',
  'liferay-portal',
  'product',
  'powered-by',
]
/** `nginx/1.24.0`, `PHP/8`, `Next.js 14.2`, `4.0.30319`; the protocol versions of Via (`1.1 proxy`, `HTTP/1.1`) are none of a product. */
const versionIn = (name: string, value: string): boolean => {
  const text = value.replace(/\bHTTP\/\d(?:\.\d)?/gi, '')
  if (name === 'via') return /(?=\/\d)(?<=[A-Za-z][\w.-]{0,200})/.test(text)
  // `Drupal 10 (https://www.drupal.org)`: these name nothing but a product, so a lone number behind it is its version.
  const product = name === 'x-generator' || name === 'x-powered-by' || name === 'x-powered-cms'
  return /\/v?\d|(?:^|[\s(v])\d+\.\d+/.test(text) || (product && /^[A-Za-z][\w.-]*(?: [A-Za-z][\w.-]*)* v?\d+(?![\w.])/.test(text))
}

function versionsIn(seen: HttpObservation, declared: (name: string) => boolean): Finding[] {
  return NAMES.flatMap((name) =>
    declared(name)
      ? []
      : headerValues(seen.headers, name)
          .filter((value) => versionIn(name, value))
          .map((value): Finding => ({ grade: 'warn', code: 'headers.version', evidence: evidenceOf(seen, name, 'no version', shownValues([value])) })),
  )
}

export default defineCheck({
  id: 'headers/version-disclosure',
  title: 'Versions of the software are not told',
  failureTitle: 'Versions of the software are told',
  why: 'Scanners look up the version of every server in lists of known holes; those without one are left for later.',
  source: 'ASVS 13.4.6; OWASP Secure Headers Project, headers to remove',
  severity: 'low',
  codes: {
    'headers.version': {
      meaning: 'A header names software with its version.',
      fix: 'nginx: server_tokens off; proxy_hide_header X-Powered-By; PHP: expose_php = Off; Express: app.disable("x-powered-by").',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({ chain: documentOf(hostOf(subject)), errors: lookAt(hostOf(subject), errorLooks(hostOf(subject), target)) }),
  judge: ({ chain, errors }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const answers = [...chain.hops, ...usableOf(errors)]
    const told = NAMES.flatMap((name) => headerValues(basis.seen.headers, name).map((value) => `${name}: ${value}`))
    return worst([
      // A declared value is judged by headers/profile.
      ...answers.flatMap((seen) => versionsIn(seen, (name) => isDeclared(host, name))),
      { grade: 'pass', evidence: evidenceOf(basis.seen, 'software', 'no version', told.length === 0 ? 'not named' : shownValues(told)) },
    ])
  },
  reproduce: curlDocument,
  covers: [],
})
