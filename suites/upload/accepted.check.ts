import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { lookAt, notDeclared, obstacle, show, succeeded, told, toldServed, uploadOf, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/accepted',
  title: 'An allowed file is taken and comes back whole',
  failureTitle: 'An allowed file is not taken, or does not come back',
  why: 'An upload that answers 200 and loses the file, or half of it, is noticed when the file is needed.',
  source: 'RFC 7578; uploads of the target',
  severity: 'high',
  codes: {
    'upload.accepted.refused': { meaning: 'A small allowed file was not taken.', fix: 'Look at the route, the session and the log of the service.' },
    'upload.accepted.no-id': {
      meaning: 'The answer does not hold what names the file.',
      fix: 'Answer with the id that the target declares (uploads[].idPath).',
    },
    'upload.accepted.not-served': {
      meaning: 'The file cannot be read where it should be.',
      fix: 'Look at the storage behind the service, and at the route that serves it.',
    },
    'upload.accepted.changed': {
      meaning: 'What comes back is not what was sent.',
      fix: 'Look for limits of the storage, and for proxies that cut or convert; declare `type` as one that is not converted.',
    },
  },
  options: {},
  subjects: uploads(),
  unless: notDeclared,
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const { allowed, served } = look
    const evidence = told(look, allowed, [uploadOf(subject).accepted ?? [200, 201, 202]].flat().join(', '))
    if (obstacle(allowed)) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', evidence)
    if (!succeeded(subject, allowed)) return worst([{ grade: 'fail', code: 'upload.accepted.refused', evidence }])
    const { idPath, urlPath, download } = uploadOf(subject)
    const findings: Finding[] = [{ grade: 'pass', evidence }]
    if (idPath !== undefined)
      findings.push({
        grade: allowed.id === undefined ? 'fail' : 'pass',
        code: 'upload.accepted.no-id',
        evidence: { ...evidence, what: `${idPath} of the answer`, expected: 'an id', received: allowed.id ?? 'absent' },
      })
    if (served !== undefined && obstacle(served) && findings.every(({ grade }) => grade === 'pass'))
      return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', toldServed('the file, read back', served, '200, the same bytes'))
    if (served !== undefined) {
      const back = toldServed('the file, read back', served, '200, the same bytes')
      findings.push({ grade: served.status === 200 ? 'pass' : 'fail', code: 'upload.accepted.not-served', evidence: back })
      if (served.status === 200) findings.push({ grade: served.same ? 'pass' : 'fail', code: 'upload.accepted.changed', evidence: back })
    } else if (urlPath !== undefined || (download !== undefined && allowed.id !== undefined))
      findings.push({
        grade: 'fail',
        code: 'upload.accepted.not-served',
        evidence: { ...evidence, what: urlPath ?? 'the address of the file', expected: 'an address', received: 'absent' },
      })
    return worst(findings)
  },
  reproduce: (subject, target) => show(subject, target),
  covers: ['A92', 'E53'],
})
