import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { byHand, declared, eachLevel, levelOf, looks, notDeclared, seconds, unprepared } from './shared.ts'

const LIMIT_SECONDS = 300

export default defineCheck({
  id: 'rollback/in-time',
  title: 'Deployment and rollback are done within their time',
  failureTitle: 'Deployment or rollback takes longer than its time',
  why: 'Who decides between going back and repairing must know how long going back takes.',
  source: 'from the first step until the last proof holds; limitSeconds, default 300 (immediate rollback within 5 minutes)',
  severity: 'high',
  codes: {
    'rollback.too-slow': {
      meaning: 'The rollback takes longer than limitSeconds.',
      fix: 'Keep the previous version at hand (image, release folder), restore in parallel, or promise less.',
    },
    'rollback.deploy-too-slow': {
      meaning: 'The deployment takes longer than limitSeconds.',
      fix: 'Build before, not during; or correct rollback.deploy.limitSeconds.',
    },
  },
  options: {},
  subjects: eachLevel(),
  unless: notDeclared,
  needs: looks,
  judge: ({ rehearsal }, { subject, target }) => {
    const before = unprepared(rehearsal)
    if (before !== undefined) return before
    const parts = [
      ['the deployment', rehearsal.deployed, declared(target).deploy.limitSeconds ?? LIMIT_SECONDS, 'rollback.deploy-too-slow'],
      [`the ${rehearsal.level} rollback`, rehearsal.rolledBack, levelOf(subject).limitSeconds ?? LIMIT_SECONDS, 'rollback.too-slow'],
    ] as const
    const evidence = parts.map(([what, part, limit]) => ({
      what,
      expected: `done within ${limit} s`,
      received: `${seconds(part.tookMs)}; headroom ${(limit / Math.max(0.001, part.tookMs / 1000)).toFixed(1)} times`,
    }))
    const late = parts.findLast(([, part, limit]) => !(part.tookMs <= limit * 1000))
    if (late !== undefined) return fail(late[3], evidence)
    const undone = parts.find(([, { steps, proofs }]) => steps.some(({ done }) => !done) || proofs.some(({ held }) => !held))
    return undone === undefined ? pass(evidence) : inconclusive('unobserved', `${undone[0]} was not done, so that nobody knows how long it takes`, evidence)
  },
  reproduce: byHand,
  covers: ['A154', 'A11'],
})
