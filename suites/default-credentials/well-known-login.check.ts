import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, skip } from '../../helpers/verdict.ts'
import { judgeLogins } from './logins.ts'
import { loginsAt, notDeclared, places, productAt, signInLine, unknownName, unrecognised } from './shared.ts'

export default defineCheck({
  id: 'default-credentials/well-known-login',
  title: 'The passwords of the documentation are refused',
  failureTitle: 'A password of the documentation is accepted',
  why: 'Everybody knows the first account of a product; whoever finds the login page owns it, and often the whole machine.',
  source: 'OWASP ASVS 6.3.2; WSTG ATHN-02; the documentation of each product',
  severity: 'critical',
  codes: {
    'default-credentials.login.accepted': {
      meaning: 'A documented account and password opened a session, proven by a page that only a session sees.',
      fix: 'Change the password in the running service: variables such as *_ADMIN_PASSWORD often count at its first start only.',
    },
  },
  options: {},
  subjects: places,
  unless: notDeclared,
  needs: (subject, target) =>
    (unknownName(subject) === undefined ? { look: loginsAt(subject, target, { kind: 'product' }) } : {}) as { look: ReturnType<typeof loginsAt> },
  judge: ({ look }, { subject }) => {
    const misnamed = unknownName(subject)
    if (misnamed !== undefined) return inconclusive('misused', misnamed)
    const product = productAt(subject, look.product)
    if (product === undefined) {
      const { declared, reason, evidence } = unrecognised(subject, look.identity)
      return declared ? inconclusive('unobserved', reason, evidence) : skip('not-applicable', reason, evidence)
    }
    if ((product.pairs ?? []).length === 0 || (product.doors ?? []).length === 0)
      return skip('not-applicable', `${product.name} ships without a password that everybody knows; declare those of your example files as seeds`)
    return judgeLogins(look, 'default-credentials.login.accepted')
  },
  reproduce: signInLine,
  covers: ['A53', 'A54', 'A57', 'B37', 'E63'],
})
