import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { lookAt, notDeclared, obstacle, refusedInWords, show, succeeded, told, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/anonymous',
  title: 'Strangers cannot upload',
  failureTitle: 'Strangers can upload',
  why: 'Whoever may put files on a server may fill its disk, host what is not yours, and look for the file that runs.',
  source: 'OWASP ASVS 8.2.1; File Upload Cheat Sheet',
  severity: 'critical',
  codes: {
    'upload.anonymous.accepted': {
      meaning: 'A file was taken without a login, or with a token that nobody gave out.',
      fix: 'Demand the session on this route before the body is read.',
    },
    'upload.anonymous.unclear': {
      meaning: 'Refused, but not for want of a login.',
      fix: 'Check the session first: answer 401 before the form is looked at.',
    },
  },
  options: {},
  subjects: uploads(({ auth }) => auth !== undefined),
  unless: notDeclared,
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const { anonymous, garbled } = look
    if (anonymous === undefined || garbled === undefined) return inconclusive('defect', 'no file was sent without a login')
    const sent = [anonymous, garbled]
    // A closed door proves nothing where nobody gets in at all.
    if (!succeeded(subject, look.allowed) && !sent.some((one) => succeeded(subject, one)))
      return inconclusive(
        'unobserved',
        'with a login, nothing is taken either',
        [look.allowed, ...sent].map((one) => told(look, one, 'a login decides')),
      )
    if (sent.some((one) => obstacle(one) || one.failure !== undefined) && !sent.some((one) => succeeded(subject, one)))
      return inconclusive(
        'unobserved',
        'no usable answer',
        sent.map((one) => told(look, one, '401 or 403')),
      )
    return worst(
      sent.map((one): Finding => {
        const evidence = told(look, one, '401 or 403')
        if (one.status === 401 || one.status === 403) return { grade: 'pass', evidence }
        if (succeeded(subject, one) && refusedInWords(look, one)) return { grade: 'warn', code: 'upload.anonymous.unclear', evidence }
        if (succeeded(subject, one) || (one.status !== undefined && one.status < 300)) return { grade: 'fail', code: 'upload.anonymous.accepted', evidence }
        return { grade: 'warn', code: 'upload.anonymous.unclear', evidence }
      }),
    )
  },
  reproduce: (subject, target) => show(subject, target, 'file.png', [], false),
  covers: ['A51', 'A92'],
})
