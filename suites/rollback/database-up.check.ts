import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { byHand, eachLevel, lacks, looks, unprepared } from './shared.ts'

export default defineCheck({
  id: 'rollback/database-up',
  title: 'What works on the database finds it running, or copes',
  failureTitle: 'A step works on the database after another one has stopped it',
  why: 'Everything down, then restore.sh: as ordered, the restore talks to a database that is not there. Some scripts start it, most fail, a few say nothing.',
  source: 'rollback.database.up before each step that says `needs: database`',
  severity: 'high',
  codes: {
    'rollback.database-stopped': {
      meaning: 'A step that works on the database failed while it was stopped.',
      fix: 'Start the database alone before the restore (docker compose up -d db), wait until it answers, then restore.',
    },
    'rollback.database-unproven': {
      meaning: 'A step that works on the database ended with 0 while it was stopped, and what must hold afterwards does not.',
      fix: 'Let the script end with another status when it cannot reach the database; start the database before it.',
    },
  },
  options: {},
  subjects: eachLevel(({ database }) => database !== undefined),
  unless: lacks('database'),
  needs: looks,
  judge: ({ rehearsal }) => {
    const before = unprepared(rehearsal)
    if (before !== undefined) return before
    const { steps, untried, proofs } = rehearsal.rolledBack
    const about = steps.flatMap((step) => (step.databaseDown === undefined ? [] : [{ ...step, databaseDown: step.databaseDown }]))
    if (about.length === 0)
      return untried.length > 0
        ? inconclusive('unobserved', `no step that works on the database was reached: ${untried.join(', ')} not tried`)
        : skip('not-applicable', 'no step of this level works on the database')
    const holds = proofs.every(({ held }) => held)
    return worst(
      about.map(
        ({ name, databaseDown, done, received }): Finding => ({
          grade: !databaseDown || (done && holds) ? 'pass' : 'fail',
          code: done ? 'rollback.database-unproven' : 'rollback.database-stopped',
          evidence: {
            what: `step ${name}`,
            expected: 'the database answers, or the step copes and everything holds afterwards',
            received: databaseDown
              ? `the database was stopped: ${received}${done ? (holds ? ', and everything holds' : ', and not everything holds') : ''}`
              : 'the database answered',
          },
        }),
      ),
    )
  },
  reproduce: byHand,
  covers: ['D70'],
})
