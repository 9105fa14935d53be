import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { at, curl, FOREIGN, letsIn, noCors, preflight, routes, shown } from './shared.ts'

export default defineCheck({
  id: 'cors/private-network',
  title: 'Foreign pages are not let through to the private network',
  failureTitle: 'Foreign pages are let through to the private network',
  why: 'Frameworks with this switch on tell browsers that any public page may call the interface where it is reached inside.',
  source: 'WICG Private Network Access §3.2',
  severity: 'low',
  codes: {
    'cors.private-network': {
      meaning: 'A foreign origin gets Access-Control-Allow-Private-Network: true and is let in.',
      fix: 'Switch private network access off, or answer so to declared origins only.',
    },
    'cors.private-network.alone': {
      meaning: 'A foreign origin gets Access-Control-Allow-Private-Network: true; only the missing origin keeps it out.',
      fix: 'Switch private network access off.',
    },
  },
  options: {},
  subjects: routes(),
  unless: noCors,
  needs: (subject) => ({ seen: preflight(subject, FOREIGN, 'GET', [], true) }),
  judge: ({ seen }) => {
    if (isObstacle(seen)) return inconclusive('unobserved', `the preflight answered ${seen.status}`)
    const cors = readCors(seen.headers)
    const evidence = at(
      seen,
      `preflight for the private network from ${FOREIGN}`,
      'no Access-Control-Allow-Private-Network',
      `${cors.privateNetwork ? 'Access-Control-Allow-Private-Network: true' : 'absent'}; ${shown(cors)}`,
    )
    if (!cors.privateNetwork) return pass(evidence)
    return letsIn(cors, FOREIGN) || cors.origins.includes('*') ? fail('cors.private-network', evidence) : warn('cors.private-network.alone', evidence)
  },
  reproduce: curl(() => FOREIGN, 'OPTIONS', [['Access-Control-Request-Private-Network', 'true']]),
})
