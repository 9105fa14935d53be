import { defineCheck } from '../../helpers/check.ts'
import { illustrated, worst } from '../../helpers/verdict.ts'
import { byHand, eachLevel, looks, notDeclared, stepFindings, timelineOf, unprepared } from './shared.ts'

export default defineCheck({
  id: 'rollback/steps-succeed',
  title: 'Every step of the way back succeeds',
  failureTitle: 'A step of the way back fails',
  why: 'A rollback is read out at the worst moment there is. A command that fails then is one that nobody ever ran.',
  source: 'rollback.levels: every step ends with status 0, or with the declared answer, within its time',
  severity: 'critical',
  codes: {
    'rollback.step-failed': {
      meaning: 'A step of the rollback failed or took too long.',
      fix: 'Run the step by hand in a copy of the folder; correct the script or the order of the steps.',
    },
  },
  options: {},
  subjects: eachLevel(),
  unless: notDeclared,
  needs: looks,
  judge: ({ rehearsal }) => unprepared(rehearsal) ?? illustrated(worst(stepFindings(rehearsal.rolledBack, 'rollback.step-failed')), timelineOf(rehearsal)),
  reproduce: byHand,
  covers: ['A154', 'C71'],
})
