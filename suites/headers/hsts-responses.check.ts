import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { headerValues } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { firstPartyAssets } from '../../helpers/probes/page.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { declaredPaths, errorLooks, ownAnswers, usableOf, whole } from './responses.ts'
import { answerOf, curlPath, declaredHsts, evidenceOf, HSTS, NOWHERE, noHosts, shownValues } from './shared.ts'

const METHODS: readonly string[] = ['HEAD', 'OPTIONS']

export default defineCheck({
  id: 'headers/hsts-responses',
  title: 'Every https answer says HSTS: redirects, errors, assets, interfaces',
  failureTitle: 'Some https answers go without HSTS',
  why: 'Who comes by a bookmark or a link may never see the document; the answer they do see must say it.',
  source: 'RFC 6797 §7.1; nginx: add_header is not inherited where a location has one of its own, and not sent with errors without always',
  severity: 'medium',
  codes: {
    'headers.hsts.first-hop': {
      meaning: 'The redirect that greets visitors of the domain goes without HSTS.',
      fix: 'Send the header from the redirecting server block too.',
    },
    'headers.hsts.response': {
      meaning: 'An answer goes without a valid HSTS header.',
      fix: 'nginx: add_header Strict-Transport-Security … always, repeated in every location that has an add_header of its own.',
    },
  },
  options: {},
  subjects: eachHost((host) => !declaredHsts(host).absent),
  unless: noHosts,
  needs: (subject, target) => {
    const host = hostOf(subject)
    return {
      chain: documentOf(host),
      others: lookAt(host, [
        ...errorLooks(host, target),
        ...declaredPaths(host, target).map((path) => ({ path })),
        ...METHODS.map((method) => ({ path: host.path, method })),
      ]),
      assets: attempt(firstPartyAssets(host)),
    }
  },
  judge: ({ chain, others, assets }, { subject, target }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const declared = host.headers[HSTS] !== undefined
    const answers = [...chain.hops.filter((hop) => hop.url.startsWith('https:')), ...usableOf(others), ...(assets.ok ? ownAnswers(host, assets.value) : [])]
    return whole(
      worst(
        answers.map((seen, index): Finding => {
          const values = headerValues(seen.headers, HSTS)
          const read = readStrictTransportSecurity(values[0] ?? '')
          const evidence = evidenceOf(seen, 'Strict-Transport-Security', declared ? 'present, as declared' : 'present', shownValues(values))
          if (read.ok && read.maxAge > 0) return { grade: 'pass', evidence }
          if (index === 0 && chain.hops.length > 1 && host.fqdn === target.domain) return { grade: 'fail', code: 'headers.hsts.first-hop', evidence }
          return { grade: declared ? 'fail' : 'warn', code: 'headers.hsts.response', evidence }
        }),
      ),
      others,
    )
  },
  reproduce: curlPath(NOWHERE),
  covers: ['A27', 'A31', 'B17', 'C9', 'E23', 'E46'],
})
