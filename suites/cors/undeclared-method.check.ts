import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { at, curl, entryOf, FOREIGN, noCors, preflight, routes, welcome } from './shared.ts'

const TRIED = ['PATCH', 'DELETE', 'PUT', 'PROPFIND'] as const
const undeclared = (methods: readonly string[]): readonly string[] => TRIED.filter((one) => !methods.includes(one))

export default defineCheck({
  id: 'cors/undeclared-method',
  title: 'The preflight allows the declared methods only',
  failureTitle: 'The preflight allows a method that is not declared',
  why: 'A method that the application does not offer to browsers should not be opened to them by a broad policy.',
  source: 'cors.methods of the target; Fetch',
  severity: 'medium',
  codes: {
    'cors.method-undeclared': { meaning: 'Access-Control-Allow-Methods names a method that is not declared.', fix: 'List the declared methods only.' },
    'cors.method-wildcard': { meaning: 'Access-Control-Allow-Methods is *.', fix: 'List the declared methods.' },
  },
  options: {},
  subjects: routes((entry) => (entry.methods?.length ?? 0) > 0 && entry.origins.length > 0),
  unless: noCors,
  needs: (subject, target) => ({
    seen: preflight(subject, welcome(subject, target)[0] ?? FOREIGN, undeclared(entryOf(subject).methods ?? [])[0] ?? 'PROPFIND'),
  }),
  judge: ({ seen }, { subject }) => {
    const declared = entryOf(subject).methods ?? []
    if (isObstacle(seen)) return inconclusive('unobserved', `the preflight answered ${seen.status}`)
    const cors = readCors(seen.headers)
    const allowed = cors.methods ?? []
    const extra = allowed.filter((one) => one !== '*' && !declared.includes(one) && !['GET', 'HEAD', 'POST', 'OPTIONS'].includes(one.toUpperCase()))
    const evidence = at(seen, 'Access-Control-Allow-Methods', `no more than ${declared.join(', ')}`, `${seen.status}: ${allowed.join(', ') || 'absent'}`)
    if (extra.length > 0) return fail('cors.method-undeclared', evidence)
    // With credentials the asterisk is a method of that name, which allows nothing (cors/headers-wildcard tells).
    return allowed.includes('*') && !cors.credentials ? fail('cors.method-wildcard', evidence) : pass(evidence)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN, 'OPTIONS'),
  covers: ['E11', 'E12'],
})
