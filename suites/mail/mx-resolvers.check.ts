import { defineCheck } from '../../helpers/check.ts'
import { resolverAnswers } from '../../helpers/probes/dns-zone.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { inconclusive, pass, skip, fail } from '../../helpers/verdict.ts'
import { exchangesOf, isAnswered, looked } from './shared.ts'
import { eachServed, noServers } from './servers.ts'

export default defineCheck({
  id: 'mail/mx-resolvers',
  title: 'All resolvers know the same mail servers',
  failureTitle: 'Resolvers know different mail servers',
  why: 'Part of the senders then delivers to servers that are gone, or that somebody else put there.',
  source: 'rules: mail DNS is asked of two resolvers; RFC 5321 §5.1',
  severity: 'medium',
  codes: {
    'mail.mx.resolvers-differ': {
      meaning: 'Resolvers give different MX records for the domain.',
      fix: 'Wait for the old record to expire; if it does not, look for a name server that was not updated and for views of the zone.',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ all: resolverAnswers({ name, type: 'MX' }) }),
  judge: ({ all }) => {
    const evidence = all.map(({ seen }) => looked('MX', seen, 'the same from every resolver'))
    if (all.length < 2) return skip('not-declared', 'only one resolver is asked (network.resolvers names more)', evidence)
    const answers = all.flatMap(({ seen }) => (seen.ok && isAnswered(seen) ? [exchangesOf(seen.value).toSorted().join()] : []))
    if (new Set(answers).size > 1) return fail('mail.mx.resolvers-differ', evidence)
    return answers.length < all.length ? inconclusive('unobserved', 'a resolver did not answer', evidence) : pass(evidence)
  },
  reproduce: ({ name }, target) =>
    [undefined, ...(target.file.network?.resolvers ?? [])]
      .map((server) => (server === undefined ? digFor(target, name, 'MX') : digFor(target, name, 'MX', server)))
      .join('; '),
})
