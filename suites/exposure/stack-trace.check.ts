import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { provoked } from '../../helpers/probes/provoked.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { evidenceOf, failureOf, isBlocked, noHosts, shownOf } from './shared.ts'
import { findTraces } from './traces.ts'

export default defineCheck({
  id: 'exposure/stack-trace',
  title: 'Errors tell nothing of the program’s inside',
  failureTitle: 'Errors show the program’s inside',
  why: 'Traces and debug pages show paths, versions, queries and sometimes the environment to whoever makes a mistake on purpose.',
  source: 'ASVS 16.5.1; OWASP WSTG-ERRH-02',
  severity: 'medium',
  codes: {
    'exposure.stack-trace': {
      meaning: 'An error answer holds a stack trace or the message of a database.',
      fix: 'Set NODE_ENV=production, DEBUG=False, display_errors=Off; answer errors with a code and write the rest to the log.',
    },
    'exposure.stack-trace.debug-page': {
      meaning: 'An error answer is the page of a debugging mode.',
      fix: 'Switch debugging off: DEBUG=False (Django), APP_DEBUG=false (Laravel), APP_ENV=prod (Symfony), RAILS_ENV=production.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ seen: provoked(hostOf(subject)) }),
  judge: ({ seen }) => {
    // A page that explains traces shows them everywhere: what the document holds anyway is no error of this answer.
    const usual = new Set((seen.document === undefined || seen.document.status >= 400 ? [] : findTraces(bodyText(seen.document))).map(({ what }) => what))
    const findings: Finding[] = []
    const quiet: string[] = []
    let blocked = 0
    for (const { how, seen: one } of [{ how: 'a path that does not exist', seen: seen.missing }, ...seen.provocations]) {
      if (!one.ok) {
        quiet.push(`${how}: ${failureOf(one)}`)
        continue
      }
      if (isBlocked(one.value)) {
        blocked += 1
        quiet.push(`${how}: ${shownOf(one.value)}`)
        continue
      }
      const traces = findTraces(bodyText(one.value)).filter(({ what }) => !usual.has(what))
      const what = `${one.value.method} ${one.value.url.slice(0, 200)} (${how})`
      if (traces.length === 0) findings.push({ grade: 'pass', evidence: evidenceOf(one.value, 'no trace, no debug page', shownOf(one.value), what) })
      for (const trace of traces)
        findings.push({
          grade: 'fail',
          code: trace.debug ? 'exposure.stack-trace.debug-page' : 'exposure.stack-trace',
          ...(trace.debug ? { severity: 'high' as const } : {}),
          evidence: evidenceOf(one.value, 'no trace, no debug page', `${shownOf(one.value)}: ${trace.what} (not shown)`, what),
        })
    }
    if (findings.some((one) => one.grade === 'fail')) return worst(findings)
    if (findings.length === 0 || blocked > 0) return inconclusive('unobserved', `no error of the host itself could be judged: ${quiet.slice(0, 3).join('; ')}`)
    // A server that closes the line on rubbish has shown nothing: said, not held against it.
    if (quiet.length > 0) findings.push({ grade: 'pass', evidence: { what: 'requests without an answer', expected: 'no trace', received: quiet.join('; ') } })
    return worst(findings)
  },
  reproduce: (subject, target, evidence) => curlForSeen(target, `https://${subject.name}/%ZZ`, evidence, { flags: ['-sS', '-i'] }),
})
