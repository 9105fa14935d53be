import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { identityAt, judgeProduct, notDeclared, placeAt, places, productAt, show, told } from './shared.ts'

export default defineCheck({
  id: 'default-credentials/open-registration',
  title: 'Strangers cannot open accounts',
  failureTitle: 'Strangers can open accounts',
  why: 'An account for everybody is a login for nobody: tools that trust their users show them more than a guest may see.',
  source: 'WSTG IDNT-02; the documentation of each product',
  severity: 'high',
  codes: {
    'default-credentials.registration.open': {
      meaning: 'The form, or the setting, that lets strangers open an account is there.',
      fix: 'Close it (Gitea: DISABLE_REGISTRATION = true; NocoDB: NC_INVITE_ONLY_SIGNUP=true), or declare registration: open.',
    },
  },
  options: {},
  subjects: places,
  unless: notDeclared,
  needs: (subject) => ({ seen: attempt(identityAt(subject)) }),
  judge: ({ seen }, { subject }) =>
    judgeProduct(subject, seen, (product, identity) => {
      const { registration, registrationClosed } = identity
      if (registration === undefined) return skip('not-applicable', `${product.name} has no registration that is known`)
      const { url, registration: wanted } = placeAt(subject)
      if (wanted === 'open') return skip('not-applicable', 'the target says that strangers may open accounts')
      const evidence = [told(url, registration, 'no way for strangers to open an account')]
      if (registration.matched) return fail('default-credentials.registration.open', evidence)
      const closed = registrationClosed ?? registration
      const both = registrationClosed === undefined ? evidence : [told(url, registrationClosed, 'registration is closed'), ...evidence]
      // An installation that nobody has claimed has no registration yet; the check of the set-up says so.
      if (identity.unclaimed?.matched === true) return skip('not-applicable', 'nobody has claimed the installation yet', both)
      if (registrationClosed === undefined ? closed.status === undefined || closed.obstacle : !closed.matched)
        return inconclusive('unobserved', 'it shows neither an open nor a closed registration', both)
      return pass(both)
    }),
  reproduce: (subject, target) => show(subject, target, productAt(subject, placeAt(subject).product)?.registration?.open.path ?? '/'),
  covers: ['A58'],
})
