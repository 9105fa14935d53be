import { defineCheck } from '../../helpers/check.ts'
import { fail, illustrated, inconclusive, pass } from '../../helpers/verdict.ts'
import { at, complete, inBrowser, journeys, show, timeline, walkOf } from './shared.ts'

export default defineCheck({
  id: 'journeys/page-errors',
  title: 'Pages run without errors',
  failureTitle: 'Pages report errors',
  why: 'A page that throws while it starts often looks right until somebody clicks.',
  source: 'WHATWG HTML §8.1.3.10 (reporting errors); WHATWG Console',
  severity: 'high',
  codes: {
    'journeys.page.errors': {
      meaning: 'A page wrote errors to the console, or an exception was not caught.',
      fix: 'Open the page with its console; if a message is known to be harmless, name it in `ignore` of the step.',
    },
  },
  options: {},
  subjects: journeys(inBrowser),
  unless: { skip: 'not-declared', reason: 'no journey declares steps in a browser (journeys[].steps[].browser)' },
  needs: (subject, target) => ({ look: walkOf(subject, target) }),
  judge: ({ look }, { subject }) => {
    const steps = look.steps.filter(({ kind }) => kind === 'browser')
    const found = steps.flatMap((step) =>
      step.troubles.filter(({ kind }) => kind === 'console' || kind === 'exception').map((one) => at(step, one.url ?? 'the page', 'none', one.text)),
    )
    if (found.length > 0) return illustrated(fail('journeys.page.errors', found), timeline(look))
    const seen = steps.map((step) => at(step, 'what the browser reported', 'none', `none in ${step.actions.length} actions`))
    return complete(subject, look) ? pass(seen) : inconclusive('unobserved', 'the journey ended before all pages were seen', seen)
  },
  reproduce: show,
  covers: ['A95', 'C17'],
})
