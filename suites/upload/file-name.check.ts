import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { blocked, lookAt, notDeclared, obstacle, show, told, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/file-name',
  title: 'The name of a file decides nothing',
  failureTitle: 'The name of a file decides where it goes',
  why: 'A name with a path in it writes where the service may write: over its pages, its settings, its keys.',
  source: 'OWASP ASVS 5.3.2; RFC 7578 §4.2; CWE-22',
  severity: 'high',
  codes: {
    'upload.name.escaped': {
      meaning: 'A file whose name holds a path was found outside of where files belong.',
      fix: 'Name files yourself; take nothing of what the client calls them but a text to show.',
    },
    'upload.name.kept': {
      meaning: 'The answer names the file with the path that the client gave it.',
      fix: 'Cut names at every separator, also encoded ones and those of Windows, or make them yourself.',
    },
    'upload.name.error': { meaning: 'An odd name broke the service.', fix: 'Refuse it with 400, or name the file yourself.' },
  },
  options: {},
  subjects: uploads(),
  unless: notDeclared,
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const seen = look.names.filter(({ sent }) => !obstacle(sent))
    const verdict = worst(
      seen.map(({ sent, escaped }): Finding => {
        const evidence = told(look, sent, 'refused, or taken under a name of the service')
        if (escaped !== undefined)
          return { grade: 'fail', code: 'upload.name.escaped', severity: 'critical', evidence: { ...evidence, received: `taken, and found at ${escaped}` } }
        if (sent.status === undefined || sent.status >= 500) return { grade: 'fail', code: 'upload.name.error', severity: 'medium', evidence }
        if (sent.namesPath)
          return { grade: 'fail', code: 'upload.name.kept', evidence: { ...evidence, received: 'taken; the answer holds the path of the name' } }
        return { grade: 'pass', evidence }
      }),
    )
    // A limiter on some hides no failure of the others.
    return seen.length === look.names.length || verdict.outcome === 'fail'
      ? verdict
      : inconclusive(
          'unobserved',
          'a limiter or an overloaded gateway answered',
          look.names.map(({ sent }) => told(look, sent, 'no error')),
        )
  },
  reproduce: (subject, target) => show(subject, target, 'file.png;filename=../../file.png'),
  covers: ['D34'],
})
