import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { authConcurrent } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-concurrent',
  title: 'Of several refreshes at once with one token, one succeeds',
  failureTitle: 'One refresh token serves several at once',
  why: 'Rotation that looks before it writes lets two through in the same millisecond: the thief needs only to be quick.',
  source: 'RFC 9700 §4.14.2',
  severity: 'high',
  codes: {
    'auth.refresh.race': {
      meaning: 'Several refreshes at the same moment with one token all gave new tokens.',
      fix: 'Use the token in one statement: delete it and go on only if a row was deleted.',
    },
  },
  options: { winners: 1 },
  subjects: eachFlow((flow) => hasRefresh(flow) && flow.refresh?.rotation !== false),
  unless: undeclared('refresh with rotation'),
  needs: (subject, target) => ({ seen: authConcurrent(flowOf(subject), target) }),
  judge: ({ seen }, { subject, options }) => {
    const { flow } = flowOf(subject)
    const blind = unanswered(seen.answers)
    if (blind !== undefined) return blind
    const first = seen.answers[0]
    if (first === undefined || seen.winners === 0)
      return inconclusive('unobserved', 'none of the refreshes succeeded', first === undefined ? [] : evidence(first, 'one success'))
    const item = {
      ...evidence(first, `at most ${options.winners} success`, `${seen.winners} of ${seen.answers.length} succeeded`),
      what: `${seen.answers.length} refreshes at once with one token`,
    }
    if (seen.winners <= options.winners) return pass(item)
    if ((flow.refresh?.graceSeconds ?? 0) > 0)
      return skip('not-applicable', `the target declares a grace of ${flow.refresh?.graceSeconds ?? 0} s, in which several may succeed`, item)
    return fail('auth.refresh.race', item)
  },
  reproduce: curlRefresh,
  covers: ['A46'],
})
