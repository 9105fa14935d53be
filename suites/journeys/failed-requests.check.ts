import { defineCheck } from '../../helpers/check.ts'
import { fail, illustrated, inconclusive, pass } from '../../helpers/verdict.ts'
import { at, complete, inBrowser, journeys, show, timeline, walkOf } from './shared.ts'

export default defineCheck({
  id: 'journeys/failed-requests',
  title: 'Everything that pages load arrives',
  failureTitle: 'Something that pages load does not arrive',
  why: 'A dashboard whose shell loads while one of its parts is answered with 404 or 500 is broken for whoever needs that part.',
  source: 'WHATWG Fetch; RFC 9110 §15',
  severity: 'high',
  codes: {
    'journeys.page.requests': {
      meaning: 'A request of a page failed, or was answered with 4xx or 5xx.',
      fix: 'Look at the address in the evidence: a route that is missing, a service that is down, an asset of an older build.',
    },
  },
  options: {},
  subjects: journeys(inBrowser),
  unless: { skip: 'not-declared', reason: 'no journey declares steps in a browser (journeys[].steps[].browser)' },
  needs: (subject, target) => ({ look: walkOf(subject, target) }),
  judge: ({ look }, { subject }) => {
    const steps = look.steps.filter(({ kind }) => kind === 'browser')
    const found = steps.flatMap((step) =>
      step.troubles.filter(({ kind }) => kind === 'request').map((one) => at(step, one.url ?? 'the page', 'none', one.text)),
    )
    if (found.length > 0) return illustrated(fail('journeys.page.requests', found), timeline(look))
    const seen = steps.map((step) => at(step, 'what the browser reported', 'none', `none in ${step.actions.length} actions`))
    return complete(subject, look) ? pass(seen) : inconclusive('unobserved', 'the journey ended before all pages were seen', seen)
  },
  reproduce: show,
  covers: ['A95', 'C17'],
})
