import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { authRefresh } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, noLogin, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-absolute-expiry',
  title: 'Refreshing does not put off the end of a login for ever',
  failureTitle: 'A login that is refreshed never ends',
  why: 'Who steals a refresh token keeps it alive by using it, unless the login ends some day by itself.',
  source: 'OWASP ASVS 10.4.8',
  severity: 'info',
  codes: {
    'auth.refresh.slides': {
      meaning: 'Each new refresh token ends later than the one before.',
      fix: 'Keep the time of the login in the family and end it after the declared time.',
    },
  },
  options: { toleranceSeconds: 2 },
  subjects: eachFlow((flow) => hasRefresh(flow) && flow.refresh?.absoluteSeconds !== undefined),
  unless: undeclared('refresh.absoluteSeconds'),
  needs: (subject, target) => ({ seen: authRefresh(flowOf(subject), target) }),
  judge: ({ seen }, { options }) => {
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    if (!seen.firstWorks) return inconclusive('unobserved', 'the refresh does not work', evidence(seen.first, 'a refresh'))
    const [before, after] = seen.refreshExpiries
    if (before === undefined || after === undefined)
      return skip('not-applicable', 'the refresh token does not say when it ends', evidence(seen.first, 'exp in the refresh token', 'none'))
    const item = evidence(seen.first, 'the same end as before', `${after - before >= 0 ? '+' : ''}${(after - before).toFixed(1)} s`)
    return after - before <= options.toleranceSeconds ? pass(item) : warn('auth.refresh.slides', item)
  },
  reproduce: curlRefresh,
})
