import { defineCheck } from '../../helpers/check.ts'
import { stepFailed } from '../../helpers/probes/journey.ts'
import { type Finding, illustrated, skip, worst } from '../../helpers/verdict.ts'
import { at, journeys, show, timeline, walkOf } from './shared.ts'

export default defineCheck({
  id: 'journeys/clean-up',
  title: 'What the journey made is gone again',
  failureTitle: 'What the journey made stays',
  why: 'Accounts, messages and documents of tests pile up in a live system, and the next run meets those of this one.',
  source: 'journeys[].cleanUp of the target',
  severity: 'medium',
  codes: {
    'journeys.clean-up.failed': { meaning: 'A step of the clean-up was not as expected.', fix: 'Remove by hand what the journey made; its steps name it.' },
  },
  options: {},
  subjects: journeys(({ cleanUp }) => cleanUp !== undefined && cleanUp.length > 0),
  unless: { skip: 'not-declared', reason: 'no journey declares how to clean up (journeys[].cleanUp)' },
  needs: (subject, target) => ({ look: walkOf(subject, target) }),
  judge: ({ look }) => {
    const done = look.steps.filter(({ kind, leftOut }) => kind === 'clean-up' && leftOut === undefined)
    if (done.length === 0) return skip('not-applicable', 'the journey made nothing that could be removed')
    return illustrated(
      worst(
        done.flatMap((step): readonly Finding[] =>
          step.failure === undefined
            ? step.expected.map(
                (one): Finding => ({
                  grade: one.ok ? 'pass' : 'fail',
                  code: 'journeys.clean-up.failed',
                  evidence: at(step, one.what, one.expected, one.received),
                }),
              )
            : [
                {
                  grade: stepFailed(step) ? 'fail' : 'pass',
                  code: 'journeys.clean-up.failed',
                  evidence: at(step, 'answer', 'an answer', `${step.failure.message} (${step.failure.code})`),
                },
              ],
        ),
      ),
      timeline(look),
    )
  },
  reproduce: show,
})
