import { defineCheck } from '../../helpers/check.ts'
import { fail, illustrated, inconclusive, pass } from '../../helpers/verdict.ts'
import { at, complete, inBrowser, journeys, show, timeline, walkOf } from './shared.ts'

export default defineCheck({
  id: 'journeys/policy-violations',
  title: 'Pages keep to their own policy',
  failureTitle: 'Pages break their own policy',
  why: 'A policy that blocks what the page needs breaks it for everybody with a modern browser, and nobody else sees it.',
  source: 'W3C CSP Level 3 §5',
  severity: 'high',
  codes: {
    'journeys.page.policy': {
      meaning: 'The Content-Security-Policy of the page blocked something that the page wanted.',
      fix: 'Add the source to the directive that is named, or take what is blocked out of the page.',
    },
  },
  options: {},
  subjects: journeys(inBrowser),
  unless: { skip: 'not-declared', reason: 'no journey declares steps in a browser (journeys[].steps[].browser)' },
  needs: (subject, target) => ({ look: walkOf(subject, target) }),
  judge: ({ look }, { subject }) => {
    const steps = look.steps.filter(({ kind }) => kind === 'browser')
    const found = steps.flatMap((step) => step.troubles.filter(({ kind }) => kind === 'policy').map((one) => at(step, one.url ?? 'the page', 'none', one.text)))
    if (found.length > 0) return illustrated(fail('journeys.page.policy', found), timeline(look))
    const seen = steps.map((step) => at(step, 'what the browser reported', 'none', `none in ${step.actions.length} actions`))
    return complete(subject, look) ? pass(seen) : inconclusive('unobserved', 'the journey ended before all pages were seen', seen)
  },
  reproduce: show,
  covers: ['D12', 'D44'],
})
