import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { mainLogin } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/login-form',
  title: 'The login form says what may be filled in by itself',
  failureTitle: 'The login form does not say what may be filled in by itself',
  why: 'On shared machines a browser offers what the last one typed; a form that says nothing leaves that to chance.',
  source: 'HTML §4.10.18.7; WCAG 2.2 §1.3.5',
  severity: 'low',
  codes: {
    'auth.form.autocomplete': {
      meaning: 'A field of the login form has no autocomplete attribute, its form neither.',
      fix: 'Write autocomplete="off", or "username" and "current-password" where password managers are welcome.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.login?.page !== undefined),
  unless: undeclared('login.page'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target) }),
  judge: ({ login }) => {
    const blind = unanswered([login.page])
    if (blind !== undefined) return blind
    if (login.page === undefined) return inconclusive('unobserved', 'the page was not seen')
    const page = login.page
    const fields = login.fields ?? []
    if (!fields.some(({ type }) => type === 'password'))
      return inconclusive(
        'unobserved',
        'the page has no password field (a script may make it)',
        evidence(page, 'a form with a password', `${fields.length} fields`),
      )
    return worst(
      fields.map((field): Finding => {
        const item = evidence(page, 'an autocomplete attribute', `${field.type}: ${field.autocomplete ?? 'none'}`)
        return field.autocomplete === undefined ? { grade: 'warn', code: 'auth.form.autocomplete', evidence: item } : { grade: 'pass', evidence: item }
      }),
    )
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, { url: new URL(flow.login?.page ?? '/', (flow.login?.url ?? '').replaceAll('{domain}', target.domain)).href })
  },
  covers: ['E5'],
})
