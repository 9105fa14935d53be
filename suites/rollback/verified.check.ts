import { defineCheck } from '../../helpers/check.ts'
import { worst } from '../../helpers/verdict.ts'
import { byHand, eachLevel, looks, notDeclared, proofFindings, unprepared } from './shared.ts'

export default defineCheck({
  id: 'rollback/verified',
  title: 'After the rollback the previous version works, with its data',
  failureTitle: 'After the rollback the previous version does not work as declared',
  why: 'Steps that end with 0 prove nothing: the proxy may still lead to the new version, the old code may meet a migrated database.',
  source: 'rollback.levels.verify, asked until they hold or their time is over',
  severity: 'critical',
  codes: {
    'rollback.not-verified': {
      meaning: 'What must hold after the rollback does not.',
      fix: 'Compare with a rollback by hand: is the previous version running, does its schema fit, is its configuration back?',
    },
  },
  options: {},
  subjects: eachLevel(),
  unless: notDeclared,
  needs: looks,
  judge: ({ rehearsal }) => unprepared(rehearsal) ?? worst(proofFindings(rehearsal.rolledBack.proofs, 'rollback.not-verified')),
  reproduce: byHand,
  covers: ['A156', 'C71', 'E90'],
})
