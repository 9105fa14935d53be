import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, curl, entryOf, FOREIGN, noCors, preflight, real, routes, welcome } from './shared.ts'

export default defineCheck({
  id: 'cors/headers-wildcard',
  title: 'Wildcards of the policy mean what they say',
  failureTitle: 'A wildcard of the policy allows nothing',
  why: 'Together with credentials an asterisk is the name of a header or method that nobody has; and it never covers Authorization.',
  source: 'Fetch, CORS-preflight fetch, step "Authorization"; CORS protocol and credentials',
  severity: 'info',
  codes: {
    'cors.wildcard-literal': {
      meaning: 'A list holds * although credentials are allowed: browsers read it literally.',
      fix: 'List methods and headers by name.',
    },
    'cors.wildcard-authorization': {
      meaning: 'Access-Control-Allow-Headers: * does not cover Authorization, which is declared.',
      fix: 'Name Authorization beside the asterisk.',
    },
  },
  options: {},
  subjects: routes((entry) => entry.origins.length > 0),
  unless: noCors,
  needs: (subject, target) => ({
    asked: preflight(subject, welcome(subject, target)[0] ?? FOREIGN, entryOf(subject).methods?.at(-1) ?? 'GET'),
    answer: real(subject, welcome(subject, target)[0] ?? FOREIGN),
  }),
  judge: ({ asked, answer }, { subject }) => {
    for (const seen of [asked, answer]) if (isObstacle(seen)) return inconclusive('unobserved', `${seen.method} of ${seen.url} answered ${seen.status}`)
    const [before, after] = [readCors(asked.headers), readCors(answer.headers)]
    const credentials = before.credentials || after.credentials
    const authorization = (entryOf(subject).headers ?? []).some((one) => one.toLowerCase() === 'authorization')
    const lists = [
      ['Access-Control-Allow-Headers', before.headers, asked],
      ['Access-Control-Allow-Methods', before.methods, asked],
      ['Access-Control-Expose-Headers', after.exposed, answer],
    ] as const
    const findings = lists.map(([name, members, seen]): Finding => {
      const star = members?.includes('*') === true
      const uncovered = star && name === 'Access-Control-Allow-Headers' && authorization && !members.includes('authorization')
      return {
        grade: star && (credentials || uncovered) ? 'warn' : 'pass',
        code: credentials ? 'cors.wildcard-literal' : 'cors.wildcard-authorization',
        evidence: at(seen, name, credentials ? 'names' : authorization ? 'names, Authorization among them' : 'names or *', members?.join(', ') ?? 'absent'),
      }
    })
    return worst(findings)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN, 'OPTIONS'),
})
