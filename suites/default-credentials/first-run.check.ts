import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { identityAt, judgeProduct, notDeclared, placeAt, places, productAt, show, told } from './shared.ts'

export default defineCheck({
  id: 'default-credentials/first-run',
  title: 'The installation is claimed',
  failureTitle: 'Anybody may claim the installation',
  why: 'A set-up page that nobody has finished makes the first visitor the administrator.',
  source: 'OWASP ASVS 6.3.2; WSTG CONF-05; the documentation of each product',
  severity: 'critical',
  codes: {
    'default-credentials.first-run.unclaimed': {
      meaning: 'The set-up of the first account is open to whoever comes.',
      fix: 'Finish the set-up now, and look whether somebody did before you; keep new installations behind a login of the proxy until then.',
    },
  },
  options: {},
  subjects: places,
  unless: notDeclared,
  needs: (subject) => ({ seen: attempt(identityAt(subject)) }),
  judge: ({ seen }, { subject }) =>
    judgeProduct(subject, seen, (product, identity) => {
      const { unclaimed, claimed } = identity
      if (product.firstRun === undefined || unclaimed === undefined) return skip('not-applicable', `${product.name} has no set-up page that is known`)
      const { url } = placeAt(subject)
      const evidence = [told(url, unclaimed, `not the set-up of a first account of ${product.name}`)]
      if (unclaimed.matched) return fail('default-credentials.first-run.unclaimed', evidence)
      if (claimed === undefined)
        return unclaimed.status !== undefined && unclaimed.status < 300 && !unclaimed.obstacle
          ? pass(evidence)
          : inconclusive('unobserved', 'its set-up page gave no usable answer', evidence)
      const both = [told(url, claimed, `what a claimed ${product.name} answers`), ...evidence]
      return claimed.matched ? pass(both) : inconclusive('unobserved', 'it shows neither a set-up nor that it is claimed', both)
    }),
  reproduce: (subject, target) => show(subject, target, productAt(subject, placeAt(subject).product)?.firstRun?.unclaimed.path ?? '/'),
  covers: ['A58'],
})
