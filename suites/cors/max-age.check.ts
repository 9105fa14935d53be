import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, curl, entryOf, FOREIGN, noCors, preflight, routes, welcome } from './shared.ts'

/** Chrome keeps a preflight for two hours at most, Firefox for a day. */
const CHROME_CAP = 7_200

export default defineCheck({
  id: 'cors/max-age',
  title: 'Preflights are kept as long as declared',
  failureTitle: 'Preflights are kept otherwise than declared',
  why: 'A longer time than browsers accept is cut; a policy that was withdrawn stays in browsers that long.',
  source: 'Fetch, Access-Control-Max-Age; caps of Chrome 7200 s and Firefox 86400 s',
  severity: 'low',
  codes: {
    'cors.max-age.other': { meaning: 'Access-Control-Max-Age is not the declared one.', fix: 'Set the declared number of seconds.' },
    'cors.max-age.capped': { meaning: 'Access-Control-Max-Age is above what browsers accept, or no number.', fix: 'Set 7200 or less.' },
  },
  options: {},
  subjects: routes((entry) => entry.origins.length > 0),
  unless: noCors,
  needs: (subject, target) => ({
    seen: preflight(subject, welcome(subject, target)[0] ?? FOREIGN, entryOf(subject).methods?.at(-1) ?? 'GET'),
  }),
  judge: ({ seen }, { subject }) => {
    const entry = entryOf(subject)
    if (isObstacle(seen)) return inconclusive('unobserved', `the preflight answered ${seen.status}`)
    const cors = readCors(seen.headers)
    const received = cors.maxAge === undefined ? 'absent' : String(cors.maxAge)
    const findings: Finding[] = []
    if (entry.maxAge !== undefined)
      findings.push({
        grade: cors.maxAge === entry.maxAge ? 'pass' : 'fail',
        code: 'cors.max-age.other',
        evidence: at(seen, 'Access-Control-Max-Age', String(entry.maxAge), received),
      })
    const capped = cors.maxAge === 'invalid' || (cors.maxAge !== undefined && cors.maxAge > CHROME_CAP)
    findings.push({
      grade: capped ? 'warn' : 'pass',
      code: 'cors.max-age.capped',
      evidence: at(seen, 'Access-Control-Max-Age', `≤ ${CHROME_CAP}, or absent`, received),
    })
    return worst(findings)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN, 'OPTIONS'),
  covers: ['E11'],
})
