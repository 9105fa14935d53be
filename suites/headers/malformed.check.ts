import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { errorLooks, usableOf } from './responses.ts'
import { answerOf, curlDocument, evidenceOf, noHosts, shownValues } from './shared.ts'

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const control = (value: string): boolean => {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}
const beyondAscii = (value: string): boolean => {
  for (let index = 0; index < value.length; index += 1) if (value.charCodeAt(index) > 0x7e) return true
  return false
}

function flawsOf(seen: HttpObservation): Finding[] {
  const findings: Finding[] = []
  if (seen.malformed !== undefined)
    findings.push({ grade: 'fail', code: 'headers.malformed.message', evidence: evidenceOf(seen, 'message', "HTTP's grammar", seen.malformed) })
  for (const [name, value] of seen.headers) {
    if (!NAME.test(name))
      findings.push({ grade: 'fail', code: 'headers.malformed.field', evidence: evidenceOf(seen, 'field name', 'a token', JSON.stringify(name.slice(0, 80))) })
    else if (control(value))
      findings.push({ grade: 'fail', code: 'headers.malformed.field', evidence: evidenceOf(seen, name, 'no control characters', shownValues([value])) })
    else if (beyondAscii(value))
      findings.push({ grade: 'warn', code: 'headers.malformed.non-ascii', evidence: evidenceOf(seen, name, 'ASCII', shownValues([value])) })
  }
  return findings
}

export default defineCheck({
  id: 'headers/malformed',
  title: 'Headers keep to the grammar of HTTP',
  failureTitle: 'Headers break the grammar of HTTP',
  why: 'Strict readers hang up, lenient ones differ in what they see; the difference is what request smuggling lives on.',
  source: 'RFC 9110 §5.1, §5.5; RFC 9112 §5',
  severity: 'medium',
  codes: {
    'headers.malformed.message': {
      meaning: 'The message breaks the grammar of HTTP; a strict reader refuses it.',
      fix: 'Find which of proxy and application writes the line shown.',
    },
    'headers.malformed.field': {
      meaning: 'A field name is no token, or a value holds control characters.',
      fix: 'Escape or drop what comes from outside before it goes into a header.',
    },
    'headers.malformed.non-ascii': {
      meaning: 'A value holds bytes beyond ASCII, which every reader decodes differently.',
      fix: 'Encode it (filename*=UTF-8’’…, percent-encoding).',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({ chain: documentOf(hostOf(subject)), errors: lookAt(hostOf(subject), errorLooks(hostOf(subject), target)) }),
  judge: ({ chain, errors }, { subject }) => {
    const basis = answerOf(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const answers = [...chain.hops, ...usableOf(errors)]
    return worst([
      ...answers.flatMap(flawsOf),
      {
        grade: 'pass',
        evidence: evidenceOf(basis.seen, 'headers', "HTTP's grammar", `${basis.seen.headers.length} fields here, ${answers.length} answers read`),
      },
    ])
  },
  reproduce: curlDocument,
  covers: [],
})
