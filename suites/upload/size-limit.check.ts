import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, show, succeeded, told, toldServed, uploadOf, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/size-limit',
  title: 'Files pass up to the declared size, and not beyond',
  failureTitle: 'The size limit is not where it is declared',
  why: 'Every hop has a limit of its own: a proxy that knows 1 MB refuses what the application promises, and without any limit one visitor fills the disk.',
  source: 'RFC 9110 §15.5.14; nginx client_max_body_size (1m); OWASP ASVS 5.2.1',
  severity: 'high',
  codes: {
    'upload.limit.too-low': {
      meaning: 'A file within the declared size was refused.',
      fix: 'Raise the limit of the hop that answered (nginx: client_max_body_size; its Server header and page tell it apart).',
    },
    'upload.limit.cut': {
      meaning: 'A file within the declared size did not come through, or not whole.',
      fix: 'Look at the timeouts of every hop (nginx: client_body_timeout, proxy_read_timeout, proxy_request_buffering off), and at the storage.',
    },
    'upload.limit.missing': {
      meaning: 'A file above the declared size was taken.',
      fix: 'Enforce the size while reading, in the proxy and in the application.',
    },
    'upload.limit.status': {
      meaning: 'A file above the declared size was refused, but not with 413.',
      fix: 'Answer 413, so that clients can say what is wrong.',
    },
    'upload.limit.reset': {
      meaning: 'A file above the declared size ended the connection or the service instead of being refused.',
      fix: 'Answer 413 and read on for a moment before closing (nginx: lingering_close).',
    },
  },
  options: {},
  subjects: uploads(({ maxBytes }) => maxBytes !== undefined),
  unless: { skip: 'not-declared', reason: 'no upload declares its largest size (uploads[].maxBytes)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const { largest, largestServed, above } = look
    if (largest === undefined) return inconclusive('defect', 'no file of the largest size was sent')
    const { maxBytes = 0 } = uploadOf(subject)
    const findings: Finding[] = []
    const within = told(look, largest, `accepted: the limit is ${maxBytes} bytes`)
    if (obstacle(largest) || (above !== undefined && obstacle(above))) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', within)
    if (succeeded(subject, largest)) findings.push({ grade: 'pass', evidence: within })
    else findings.push({ grade: 'fail', code: largest.status === 413 ? 'upload.limit.too-low' : 'upload.limit.cut', evidence: within })
    if (succeeded(subject, largest) && largestServed !== undefined && (largestServed.failure !== undefined || obstacle(largestServed)))
      return inconclusive('unobserved', 'the file could not be read back', toldServed('that file, read back', largestServed, '200, the same bytes'))
    if (succeeded(subject, largest) && largestServed !== undefined)
      findings.push({
        grade: largestServed.same ? 'pass' : 'fail',
        code: 'upload.limit.cut',
        evidence: toldServed('that file, read back', largestServed, '200, the same bytes'),
      })
    if (above === undefined) {
      const evidence = {
        ...within,
        what: 'a file above the limit',
        expected: '413',
        received: `not tried: it would take ${maxBytes} bytes, more than tryBytes`,
      }
      return findings.some(({ grade }) => grade === 'fail')
        ? worst(findings)
        : inconclusive('misused', 'whether the limit holds was not tried: raise uploads[].tryBytes above maxBytes', [within, evidence])
    }
    const beyond = told(look, above, '413')
    if (above.status === 413) findings.push({ grade: 'pass', evidence: beyond })
    else if (succeeded(subject, above)) findings.push({ grade: 'fail', code: 'upload.limit.missing', evidence: beyond })
    else if (above.status === undefined || above.status >= 500) findings.push({ grade: 'fail', code: 'upload.limit.reset', evidence: beyond })
    else findings.push({ grade: 'warn', code: 'upload.limit.status', evidence: beyond })
    return worst(findings)
  },
  reproduce: (subject, target) => show(subject, target, 'large.bin'),
  covers: ['A93', 'A94', 'D34', 'E17'],
})
