import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, refusedInWords, show, succeeded, told, uploadOf, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/type-check',
  title: 'Only allowed types are taken, by content and not by name',
  failureTitle: 'A type that is not allowed is taken',
  why: 'A page or a program named photo.png is still a page or a program, for whoever opens it and for the server that runs it.',
  source: 'OWASP ASVS 5.2.2; File Upload Cheat Sheet',
  severity: 'high',
  codes: {
    'upload.type.taken': { meaning: 'A file whose own type is not allowed was taken.', fix: 'Compare the type with the list of what is allowed; answer 415.' },
    'upload.type.disguised': {
      meaning: 'A file that says it is of an allowed type, but is not, was taken.',
      fix: 'Look at the first bytes (magic numbers), or better decode and write the image anew.',
    },
    'upload.type.status': { meaning: 'Refused, but not with one of the declared statuses.', fix: 'Answer 415 (or 400, 422).' },
    'upload.type.error': { meaning: 'The file broke the service instead of being refused.', fix: 'Handle what cannot be decoded; answer 415 or 422.' },
  },
  options: {},
  subjects: uploads(({ types }) => types !== undefined),
  unless: { skip: 'not-declared', reason: 'no upload declares which types are allowed (uploads[].types)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    if (look.foreign.length === 0) return inconclusive('misused', 'every type that could be tried is allowed')
    const { refused = [400, 415, 422], type = 'image/png' } = uploadOf(subject)
    const right = [refused].flat()
    const seen = look.foreign.filter(({ sent }) => !obstacle(sent))
    const verdict = worst(
      seen.map(({ sent }): Finding => {
        const evidence = told(look, sent, right.join(', '))
        if (sent.status !== undefined && right.includes(sent.status)) return { grade: 'pass', evidence }
        if (succeeded(subject, sent) && refusedInWords(look, sent)) return { grade: 'warn', code: 'upload.type.status', evidence }
        if (succeeded(subject, sent)) return { grade: 'fail', code: sent.type === type ? 'upload.type.disguised' : 'upload.type.taken', evidence }
        if (sent.status === undefined || sent.status >= 500) return { grade: 'fail', code: 'upload.type.error', evidence }
        return { grade: 'warn', code: 'upload.type.status', evidence }
      }),
    )
    // A limiter on some hides no failure of the others.
    return seen.length === look.foreign.length || verdict.outcome === 'fail'
      ? verdict
      : inconclusive(
          'unobserved',
          'a limiter or an overloaded gateway answered',
          look.foreign.map(({ sent }) => told(look, sent, right.join(', '))),
        )
  },
  reproduce: (subject, target) => show(subject, target, 'page.html;filename=photo.png;type=image/png'),
  covers: ['D34'],
})
