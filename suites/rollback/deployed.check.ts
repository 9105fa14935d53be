import { defineCheck } from '../../helpers/check.ts'
import { worst } from '../../helpers/verdict.ts'
import { byHand, eachLevel, looks, notDeclared, proofFindings, stepFindings, unprepared } from './shared.ts'

export default defineCheck({
  id: 'rollback/deployed',
  title: 'The deployment that is taken back leaves a healthy service',
  failureTitle: 'The deployment that is to be taken back does not work',
  why: 'Backup, new version, restart, health: the sequence itself must leave the service healthy, and a way back from what never ran proves nothing.',
  source: 'rollback.deploy: every step ends well, every proof holds',
  severity: 'high',
  codes: {
    'rollback.deploy-step-failed': {
      meaning: 'A step of the deployment failed or took too long.',
      fix: 'Run the step by hand in a copy of the folder; its exit status is in the evidence.',
    },
    'rollback.deploy-not-healthy': {
      meaning: 'After the deployment the new version does not do as declared.',
      fix: 'Look at the log of the application in a copy of the folder; correct the deployment, or what is demanded of it.',
    },
  },
  options: {},
  subjects: eachLevel(),
  unless: notDeclared,
  needs: looks,
  judge: ({ rehearsal }) =>
    unprepared(rehearsal) ??
    worst([...stepFindings(rehearsal.deployed, 'rollback.deploy-step-failed'), ...proofFindings(rehearsal.deployed.proofs, 'rollback.deploy-not-healthy')]),
  reproduce: byHand,
  covers: ['E90', 'A11'],
})
