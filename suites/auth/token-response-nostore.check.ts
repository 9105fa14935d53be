import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { mainLogin } from '../../helpers/probes/auth.ts'
import { curlLogin, eachFlow, evidence, flowOf, hasLogin, noLogin, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/token-response-nostore',
  title: 'No cache keeps the answer of a login',
  failureTitle: 'A cache may keep the answer of a login',
  why: 'A token that a cache keeps is a login for whoever asks the cache.',
  source: 'RFC 6749 §5.1; RFC 9111 §5.2.2.5',
  severity: 'medium',
  codes: {
    'auth.login.cacheable': { meaning: 'The answer with the token or cookie does not say no-store.', fix: 'Send Cache-Control: no-store with it.' },
    'auth.login.private-cache': {
      meaning: 'The answer with the token says private: the browser may keep it on disk.',
      fix: 'Send Cache-Control: no-store with it.',
    },
  },
  options: {},
  subjects: eachFlow(hasLogin),
  unless: undeclared('login'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target) }),
  judge: ({ login }) => {
    const blind = noLogin(login)
    if (blind !== undefined) return blind
    const said = login.answer.cacheControl.join(', ')
    const directives = said
      .toLowerCase()
      .split(',')
      .map((one) => one.trim())
    const received = said === '' ? 'no Cache-Control' : said
    const item = evidence(login.answer, 'Cache-Control: no-store', received)
    const finding: Finding = directives.includes('no-store')
      ? { grade: 'pass', evidence: item }
      : directives.includes('private')
        ? { grade: 'warn', code: 'auth.login.private-cache', evidence: item }
        : { grade: 'fail', code: 'auth.login.cacheable', evidence: item }
    return worst([finding])
  },
  reproduce: curlLogin,
})
