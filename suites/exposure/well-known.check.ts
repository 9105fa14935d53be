import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { sweepPaths } from '../../helpers/probes/sweep.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlOf, evidenceOf, failureOf, isBlocked, isDeclaredPublic, isSuccess, looksLikeHtml, noHosts, sameAsSibling, shownOf } from './shared.ts'

const POLICIES = ['/crossdomain.xml', '/clientaccesspolicy.xml']
const DOCUMENTS = [
  '/.well-known/assetlinks.json',
  '/.well-known/apple-app-site-association',
  '/.well-known/openid-configuration',
  '/.well-known/change-password',
]
const PATHS = [...POLICIES, ...DOCUMENTS]
const EVERYBODY = /<allow-access-from\b[^>]{0,500}\bdomain\s*=\s*["']\*["']|<domain\b[^>]{0,500}\buri\s*=\s*["'](?:https?:\/\/)?\*["']/i

export default defineCheck({
  id: 'exposure/well-known',
  title: 'Files that other programs look for say the right thing',
  failureTitle: 'A file that other programs look for says the wrong thing',
  why: 'A policy that admits every origin opens the host to scripts of strangers; a page in place of JSON breaks apps and logins without a word.',
  source: 'RFC 8615; Adobe Cross Domain Policy File Specification; OWASP WSTG-CONF-08',
  severity: 'medium',
  codes: {
    'exposure.well-known.policy': {
      meaning: 'A cross-domain policy admits every origin.',
      fix: 'Delete the file: nothing current reads it; or name the domains.',
    },
    'exposure.well-known.not-json': { meaning: 'A well-known document is no JSON.', fix: 'Serve the JSON, or answer 404.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({
    sweep: sweepPaths(
      hostOf(subject).fqdn,
      'well-known',
      PATHS.map((path) => ({ path })),
    ),
  }),
  judge: ({ sweep }, { target }) => {
    const findings: Finding[] = []
    const blind: string[] = []
    for (const answer of sweep.answers) {
      const { path, seen } = answer
      if (seen?.ok !== true || isBlocked(seen.value)) {
        blind.push(`${path}: ${seen === undefined ? 'not asked' : seen.ok ? shownOf(seen.value) : failureOf(seen)}`)
        continue
      }
      const one = seen.value
      const served = isSuccess(one) && one.body.length > 0 && !sameAsSibling(answer)
      if (served && POLICIES.includes(path) && !looksLikeHtml(one) && EVERYBODY.test(bodyText(one)) && !isDeclaredPublic(target, path))
        findings.push({
          grade: 'fail',
          code: 'exposure.well-known.policy',
          evidence: evidenceOf(one, 'no policy for everybody', `${shownOf(one)}: a policy for every domain`),
        })
      else if (served && DOCUMENTS.includes(path) && !path.endsWith('change-password') && !isJson(bodyText(one)))
        findings.push({
          grade: 'warn',
          code: 'exposure.well-known.not-json',
          severity: 'low',
          evidence: evidenceOf(one, 'JSON, or no such document', `${shownOf(one)}: no JSON`),
        })
      else findings.push({ grade: 'pass', evidence: evidenceOf(one, 'absent, or right', shownOf(one)) })
    }
    // What merely deviates does not stand for what could not be seen.
    if (findings.some((one) => one.grade === 'fail')) return worst(findings)
    if (blind.length > 0)
      return inconclusive(
        'unobserved',
        sweep.stopped ?? blind.join('; '),
        findings.filter((one) => one.grade !== 'pass').map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: curlOf('/crossdomain.xml'),
})

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
