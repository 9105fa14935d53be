import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { type Answer, authCsrf } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, isOneOf, sameBody, succeeded, unanswered, undeclared } from './shared.ts'

const NO = /\b(?:csrf|xsrf|forbidden|denied|refused|invalid|expired|mismatch|unauthori[sz]ed|error)\b/i
/** Numbers of what was made differ from request to request. */
const way = ({ location = '' }: Answer): string => location.replace(/\d+/g, '')
/** Refuses although its status is none of a refusal: leads elsewhere than the right request does, or says so in words that the right one does not get. */
const saysNo = (answer: Answer, good: Answer): boolean =>
  answer.status >= 300 || good.status >= 300
    ? answer.status >= 300 && way(answer) !== way(good)
    : !sameBody(answer, good) && NO.test(answer.shape) && !NO.test(good.shape)

export default defineCheck({
  id: 'auth/csrf',
  title: 'A change of state needs the token of its session',
  failureTitle: 'A page of somebody else can change the state',
  why: 'Browsers send cookies along with whatever another page makes them ask.',
  source: 'OWASP ASVS 3.5.1; OWASP CSRF Prevention Cheat Sheet',
  severity: 'medium',
  codes: {
    'auth.csrf.unchecked': {
      meaning: 'A request from another origin without the token, or with a wrong one, changes the state.',
      fix: 'Check the token on every route that changes something, whatever the content type.',
    },
    'auth.csrf.refuses-all': {
      meaning: 'The request with the right token is refused as well.',
      fix: 'Look at the token, its name and its route: auth.csrf of the target, or the application.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.csrf !== undefined),
  unless: undeclared('csrf'),
  needs: (subject, target) => ({ seen: authCsrf(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = unanswered([seen.good])
    if (blind !== undefined) return blind
    const works = (answer: typeof seen.good): boolean =>
      flow.csrf?.status === undefined ? succeeded(answer) || (answer.status >= 300 && answer.status < 400) : isOneOf(flow.csrf.status, answer, [])
    if (!seen.given) return inconclusive('misused', 'auth.csrf.token was not found in the answer of auth.csrf.from', evidence(seen.good, 'a token'))
    if (!works(seen.good)) return worst([{ grade: 'fail', code: 'auth.csrf.refuses-all', evidence: evidence(seen.good, 'accepted') }])
    const findings = seen.attacks
      .filter(({ failure, obstacle }) => failure === undefined && obstacle === undefined)
      .map((answer): Finding => {
        const item = evidence(answer, `refused with ${[flow.csrf?.refused ?? 403].flat().join(', ')}`)
        if (!works(answer) || (flow.csrf?.status === undefined && saysNo(answer, seen.good))) return { grade: 'pass', evidence: item }
        return seen.sameSite === 'strict' || seen.sameSite === 'lax'
          ? { grade: 'fail', code: 'auth.csrf.unchecked', evidence: { ...item, received: `${item.received} (the cookie says SameSite=${seen.sameSite})` } }
          : { grade: 'fail', code: 'auth.csrf.unchecked', evidence: item, severity: 'high' }
      })
    const unseen = unanswered(seen.attacks)
    if (unseen !== undefined && findings.length > 0 && findings.every(({ grade }) => grade === 'pass')) return unseen
    return findings.length === 0
      ? inconclusive('unobserved', 'no forged request was answered')
      : worst([{ grade: 'pass', evidence: evidence(seen.good, 'accepted') }, ...findings])
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.csrf ?? { url: '' }, { method: 'POST', cookie: true, headers: [['Origin', 'https://other.example.net']] })
  },
  covers: ['D31'],
})
