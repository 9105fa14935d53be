import { defineCheck, hostOf } from '../../helpers/check.ts'
import { headerValues, isObstacle } from '../../helpers/headers.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { conclude, cookiesOf, everyHost, evidenceOf, noHosts, samples } from './shared.ts'

export default defineCheck({
  id: 'cookies/fixation',
  title: 'A session identifier made up by the visitor is not taken over',
  failureTitle: 'A session identifier made up by the visitor is taken over',
  why: 'Whoever can plant a cookie (a sibling host, plain http) knows the session before the victim signs in with it.',
  source: 'OWASP WSTG-SESS-03; OWASP ASVS 7.2.4',
  severity: 'medium',
  codes: {
    'cookies.fixation.adopted': {
      meaning: 'The host sets the very identifier that the visitor made up.',
      fix: 'Draw a new identifier for every unknown one (PHP: session.use_strict_mode=1).',
    },
    'cookies.fixation.silent': {
      meaning: 'Visitors without a cookie get a session, one with a made-up identifier gets none: it may have been taken over.',
      fix: 'Replace unknown identifiers (PHP: session.use_strict_mode=1), and draw a new one at login in any case.',
    },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: samples,
  judge: (seen, { subject, target }) => {
    const host = hostOf(subject)
    const findings: Finding[] = []
    const missed: string[] = []
    for (const { url, visits, chosen } of seen.samples) {
      const fresh = cookiesOf(visits.slice(0, 1), host, target).filter(
        (one) => one.role === 'session' && one.expiry.kind !== 'deletion' && one.cookie.value !== '',
      )
      for (const found of fresh) {
        const sent = chosen?.sent[found.cookie.name]
        if (chosen === undefined || sent === undefined || isObstacle(chosen.answer)) {
          missed.push(`${found.cookie.name} of ${url}`)
          continue
        }
        const answered = cookiesOf([chosen.answer], host, target).filter((one) => one.cookie.name === found.cookie.name)
        const adopted = answered.some((one) => one.cookie.value === sent)
        const always = visits.every((visit) => headerValues(visit.headers, 'set-cookie').some((field) => field.startsWith(`${found.cookie.name}=`)))
        const received = `${found.cookie.name}: ${adopted ? 'the same value came back' : answered.length > 0 ? 'replaced' : 'no Set-Cookie'}`
        const evidence = evidenceOf({ ...found, seen: chosen.answer }, 'another value than the one sent', received)
        if (adopted) findings.push({ grade: 'fail', code: 'cookies.fixation.adopted', evidence })
        else if (answered.length === 0 && always) findings.push({ grade: 'warn', code: 'cookies.fixation.silent', evidence, severity: 'low' })
        else findings.push({ grade: 'pass', evidence })
      }
    }
    if (missed.length > 0 && !findings.some((finding) => finding.grade === 'fail'))
      return inconclusive(
        'unobserved',
        `no answer to a made-up identifier: ${missed.join(', ')}`,
        findings.map((finding) => finding.evidence),
      )
    return conclude(findings, seen.looks)
  },
  reproduce: (subject, target) => {
    const host = hostOf(subject)
    const entry = target.file.cookies?.find((one) => one.path !== undefined && one.name !== '*' && Array.isArray(one.hosts) && one.hosts.includes(host.name))
    return curlFor(target, `https://${host.fqdn}${entry?.path ?? host.path}`, { headers: [['Cookie', `${entry?.name ?? 'session'}=made-up`]] })
  },
  covers: ['E4'],
})
