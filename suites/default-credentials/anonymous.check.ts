import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { identityAt, judgeProduct, notDeclared, placeAt, places, productAt, show, told } from './shared.ts'

export default defineCheck({
  id: 'default-credentials/anonymous',
  title: 'Nothing is shown without a login',
  failureTitle: 'Content is shown without any login',
  why: 'Many tools have no login unless somebody configures one; a public name then makes mail, metrics, models and terminals public.',
  source: 'WSTG CONF-05, ATHN-04; the documentation of each product',
  severity: 'critical',
  codes: {
    'default-credentials.anonymous.content': {
      meaning: 'Content of the product, by its own protocol, was read without any login.',
      fix: 'Turn on its login, or let the proxy ask for one (auth_request, forward_auth, basic authentication); better, do not publish it at all.',
    },
  },
  options: {},
  subjects: places,
  unless: notDeclared,
  needs: (subject) => ({ seen: attempt(identityAt(subject)) }),
  judge: ({ seen }, { subject }) =>
    judgeProduct(subject, seen, (product, identity) => {
      const { open, kept } = identity
      if (open === undefined) return skip('not-applicable', `${product.name} always asks for a login`)
      const { url } = placeAt(subject)
      const evidence = [told(url, open, `not the content of ${product.name}`)]
      if (open.matched) return fail('default-credentials.anonymous.content', evidence)
      if (kept === undefined) return open.status !== undefined && !open.obstacle ? pass(evidence) : inconclusive('unobserved', 'no usable answer', evidence)
      const both = [told(url, kept, 'a login is asked for'), ...evidence]
      return kept.matched ? pass(both) : inconclusive('unobserved', 'it neither shows its content nor asks for a login', both)
    }),
  reproduce: (subject, target) => show(subject, target, productAt(subject, placeAt(subject).product)?.open?.page.path ?? '/'),
  covers: ['A58'],
})
