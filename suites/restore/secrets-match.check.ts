import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, notDeclared, restoreCommand } from '../../helpers/drill/subjects.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { notUsed } from './shared.ts'

export default defineCheck({
  id: 'restore/secrets-match',
  title: 'The keys at hand open what is stored',
  failureTitle: 'A key at hand does not open what is stored',
  why: 'Columns that the application encrypts are restored to the last byte and lost all the same when the key of that time is.',
  source: '`secretsMatch` of the target: each key tried on a stored value; only whether it opens is kept',
  severity: 'critical',
  codes: {
    'restore.key-opens-nothing': {
      meaning: 'A declared key does not open the value that is stored, or is not there.',
      fix: 'Keep the key of the time of the backup where the recovery finds it, in or beside the set, and every key that stored values were written with.',
    },
  },
  options: {},
  subjects: drilled((drill) => drill.secretsMatch !== undefined),
  unless: notDeclared('secretsMatch'),
  needs: looks,
  judge: ({ drill }, { subject }) => {
    const evidence = drill.keys.map(({ id, expected, received, right }) => ({ right, shown: { what: `${id} of ${drill.entry}`, expected, received } }))
    const wrong = evidence.filter(({ right }) => !right)
    if (wrong.length > 0)
      return fail(
        'restore.key-opens-nothing',
        [...wrong, ...evidence.filter(({ right }) => right)].map(({ shown }) => shown),
      )
    const untried = (declaredDrill(subject).secretsMatch ?? []).find(({ id }) => !drill.keys.some((key) => key.id === id))
    if (untried === undefined && evidence.length > 0) return pass(evidence.map(({ shown }) => shown))
    if (drill.databases.length === 0 || untried?.command !== undefined) return notUsed(drill)
    return inconclusive('misused', `no database was restored that ${untried?.id ?? 'a key'} could be tried on: only PostgreSQL and MariaDB can be asked`)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['A152', 'E80'],
})
