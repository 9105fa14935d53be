import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { byHand, declared, eachLevel, lacks, looks, seconds, unprepared } from './shared.ts'

const LIMIT_SECONDS = 300

export default defineCheck({
  id: 'rollback/downtime',
  title: 'Deploying and rolling back, the application is away no longer than allowed',
  failureTitle: 'Deploying or rolling back, the application is away for too long',
  why: 'What users notice is the longest time without an answer, and it is never in the log of the deployment.',
  source: 'longest time from one right answer to the next, asked all the while; rollback.probe.maxGapSeconds, default 300',
  severity: 'high',
  codes: {
    'rollback.downtime': {
      meaning: 'The application gave no right answer for longer than allowed.',
      fix: 'Start the other version before the one that runs is stopped, and switch over.',
    },
    'rollback.never-back': {
      meaning: 'The application gave no right answer any more.',
      fix: 'See which step took it away: the steps and their times are in the report.',
    },
  },
  options: {},
  subjects: eachLevel(({ probe }) => probe !== undefined),
  unless: lacks('probe'),
  needs: looks,
  judge: ({ rehearsal }, { target }) => {
    const before = unprepared(rehearsal)
    if (before !== undefined) return before
    const { probe } = declared(target)
    const limit = (probe?.maxGapSeconds ?? LIMIT_SECONDS) * 1000
    const parts = [
      ['deploying', rehearsal.deployed.downtime],
      ['rolling back', rehearsal.rolledBack.downtime],
    ] as const
    const never = parts.find(([, one]) => one === undefined || one.missing === 'before')
    if (never !== undefined)
      return inconclusive('misused', `before ${never[0]} the application gave no right answer: rollback.prepare must start it`, {
        what: `right answers before ${never[0]}`,
        expected: 'at least one',
        received: 'none',
      })
    const { everyMs = 250 } = probe ?? {}
    return worst(
      parts.map(([what, one]): Finding => {
        const gap = one?.longestMs
        const counted = `${one?.right ?? 0} of ${one?.asked ?? 0} answers right, asked every ${everyMs} ms`
        return {
          grade: gap !== undefined && gap <= limit ? 'pass' : 'fail',
          code: gap === undefined ? 'rollback.never-back' : 'rollback.downtime',
          evidence: {
            what: `longest gap ${what}`,
            expected: `at most ${seconds(limit)}`,
            received: gap === undefined ? `it never came back; ${counted}` : `${seconds(gap)}, from ${seconds(one?.beganMs ?? 0)} on; ${counted}`,
          },
        }
      }),
    )
  },
  reproduce: byHand,
  covers: ['A158'],
})
