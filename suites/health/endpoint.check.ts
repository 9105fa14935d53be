import { defineCheck } from '../../helpers/check.ts'
import { bodyText, headerValue, isHtml, mediaType } from '../../helpers/headers.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { fail, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, blocked, complains, complaintsOf, curl, endpoints, entryOf, jsonOf, look, noHealth, statusesOf } from './shared.ts'

export default defineCheck({
  id: 'health/endpoint',
  title: 'The health endpoint answers as declared',
  failureTitle: 'The health endpoint does not answer as declared',
  why: 'A page that any path would get (the fallback of a single-page application) is 200 as well and says nothing about the service.',
  source: 'health of the target; RFC 8259',
  severity: 'high',
  codes: {
    'health.unreachable': {
      meaning: 'Nothing listens where the health endpoint is declared.',
      fix: 'Start the service or the proxy in front of it, or correct the URL.',
    },
    'health.status': { meaning: 'The answer has another status than declared.', fix: 'Look at the service and at the proxy route in front of it.' },
    'health.redirected': {
      meaning: 'The answer is a redirect: a plain probe sees no health.',
      fix: 'Exempt the health path from the redirect (nginx: location = /health before return 301), or declare the final URL.',
    },
    'health.rate-limited': { meaning: 'The health endpoint is caught by a rate limit.', fix: 'Take the health path out of the limited zone.' },
    'health.html-fallback': {
      meaning: 'An HTML page was served where health should be.',
      fix: 'Route the path to the service; the fallback of the frontend answers it now.',
    },
    'health.content-type': { meaning: 'The Content-Type is not the declared one.', fix: 'Let the service answer with the declared type.' },
    'health.not-json': { meaning: 'JSON fields are declared, but the body is no JSON.', fix: 'Let the endpoint answer JSON.' },
    'health.says-sick': {
      meaning: 'The status is the declared one, but the body says that the service is not well.',
      fix: 'Look at the service; answer 503 when it is not well, so that every probe sees it.',
    },
    'health.part-sick': {
      meaning: 'The service says that one of its parts is not well, and the target does not declare that field.',
      fix: 'Look at the part; or declare in health.json what the field must be.',
    },
    'health.body': { meaning: 'The body does not contain the declared text.', fix: 'Look at which service answers this path.' },
  },
  options: {},
  subjects: endpoints(),
  unless: noHealth,
  needs: (subject) => ({ answer: attempt(look(subject)) }),
  judge: ({ answer }, { subject }) => {
    const entry = entryOf(subject)
    if (!answer.ok) {
      const { code, message, phase } = answer.failure
      const evidence = {
        what: subject.name,
        expected: `status ${statusesOf(entry).join(' or ')}`,
        received: `${phase}: ${message} (${code})`,
        at: answer.startedAt,
      }
      // A refused connection is an answer: nothing is there to be healthy. Silence is none (rules G1).
      if (isRefused(answer)) return fail('health.unreachable', evidence)
      return inconclusive(code === 'UNMAPPED' ? 'misused' : 'unobserved', evidence.received, evidence)
    }
    const seen = answer.value
    if (blocked(seen)) return inconclusive('unobserved', 'a challenge page stood before the endpoint', at(seen, 'answer', 'the health answer', 'a challenge'))
    const wanted = statusesOf(entry)
    const findings: Finding[] = []
    const statusRight = wanted.includes(seen.status)
    const location = headerValue(seen.headers, 'location')
    findings.push({
      grade: statusRight ? 'pass' : 'fail',
      code: seen.status === 429 ? 'health.rate-limited' : seen.status >= 300 && seen.status < 400 ? 'health.redirected' : 'health.status',
      evidence: at(seen, 'status', wanted.join(' or '), `${seen.status}${location === undefined ? '' : ` to ${location}`}`),
    })
    if (!statusRight || entry.method === 'HEAD') return worst(findings)
    const type = mediaType(seen.headers) ?? 'none'
    const text = bodyText(seen)
    const wantsHtml = entry.contentType?.includes('html') === true
    if ((isHtml(seen) || /^\s*<(?:!doctype|html)/i.test(text.slice(0, 256))) && !wantsHtml)
      findings.push({ grade: 'fail', code: 'health.html-fallback', evidence: at(seen, 'kind of answer', 'a health answer, no page', `HTML (${type})`) })
    else if (entry.json !== undefined && jsonOf(text) === undefined)
      findings.push({
        grade: 'fail',
        code: 'health.not-json',
        evidence: at(seen, 'body', 'JSON', `${seen.body.length} bytes of ${type}, not readable as JSON`),
      })
    if (entry.contentType !== undefined) {
      const asked = entry.contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
      const same = type === asked || (asked === 'application/json' && /^application\/[\w.-]+\+json$/.test(type))
      findings.push({ grade: same ? 'pass' : 'fail', code: 'health.content-type', evidence: at(seen, 'Content-Type', asked, type) })
    }
    if (entry.body !== undefined)
      findings.push({
        grade: text.includes(entry.body) ? 'pass' : 'fail',
        code: 'health.body',
        evidence: at(
          seen,
          'body',
          `containing ${JSON.stringify(entry.body)}`,
          text.includes(entry.body) ? 'contains it' : `${text.length} characters without it`,
        ),
      })
    // Who declares a failing status asks for a failing answer.
    if (seen.status >= 200 && seen.status < 300) {
      const document = jsonOf(text)
      const complaints = document === undefined ? [] : complaintsOf(document.value, Object.keys(entry.json ?? {}))
      const whole = complaints.find((one) => one.whole)
      if (whole !== undefined || (document === undefined && entry.body === undefined && complains(text)))
        findings.push({
          grade: 'fail',
          code: 'health.says-sick',
          evidence: at(seen, whole?.path ?? 'body', 'nothing that says the service is not well', whole?.said ?? text.trim().slice(0, 40)),
        })
      for (const part of complaints.filter((one) => !one.whole).slice(0, 10))
        findings.push({
          grade: 'warn',
          code: 'health.part-sick',
          severity: 'medium',
          evidence: at(seen, part.path, 'nothing that says a part is not well', part.said),
        })
    }
    return worst(findings)
  },
  reproduce: curl,
  covers: ['A78', 'A79', 'B35', 'C11', 'C13', 'C14', 'D23', 'D24', 'D25', 'D26', 'E49'],
})
