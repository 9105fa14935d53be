import { defineCheck } from '../../helpers/check.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import { judgeLogins } from './logins.ts'
import { loginsAt, placeAt, productAt, seeds, show, unknownName, unrecognised } from './shared.ts'

export default defineCheck({
  id: 'default-credentials/declared-seed',
  title: 'The account of the example file is refused',
  failureTitle: 'The account of the example file is accepted',
  why: 'Accounts of seeds, demonstrations and example files are public as soon as the repository is, and services keep the password of their first start.',
  source: 'OWASP ASVS 6.3.2; defaultCredentials.seeds of the target',
  severity: 'critical',
  codes: {
    'default-credentials.seed.accepted': {
      meaning: 'An account that must not work opened a session, proven by a page that only a session sees.',
      fix: 'Delete the account, or change its password in the running service: changing the environment afterwards does nothing.',
    },
  },
  options: {},
  subjects: seeds,
  unless: { skip: 'not-declared', reason: 'the target declares no accounts that must not work (defaultCredentials.seeds)' },
  needs: (subject, target) => {
    const { seed } = placeAt(subject)
    return (
      seed === undefined || unknownName(subject) !== undefined
        ? {}
        : { look: loginsAt(subject, target, { kind: 'seed', username: seed.username, secret: seed.passwordFrom }) }
    ) as { look: ReturnType<typeof loginsAt> }
  },
  judge: ({ look }, { subject }) => {
    const misnamed = unknownName(subject)
    if (misnamed !== undefined) return inconclusive('misused', misnamed)
    const product = productAt(subject, look.product)
    if (product === undefined) {
      const { reason, evidence } = unrecognised(subject, look.identity)
      return inconclusive('unobserved', reason, evidence)
    }
    if ((product.doors ?? []).length === 0) return inconclusive('misused', `how to sign in to ${product.name} is not known: declare \`login\``)
    return judgeLogins(look, 'default-credentials.seed.accepted')
  },
  reproduce: (subject, target) => show(subject, target, productAt(subject, placeAt(subject).product)?.doors?.[0]?.proof.path ?? '/'),
  covers: ['A55', 'A56', 'B37'],
})
