import { defineCheck } from '../../helpers/check.ts'
import { gatewayProvider } from '../../helpers/probes/forward-auth.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { eachGateway, evidence, guardedOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/discovery',
  title: 'The discovery document of the provider is sound',
  failureTitle: 'The discovery document of the provider is not sound',
  why: 'Every application reads its end points from there; an inner name or plain http in it breaks all of them at once.',
  source: 'OpenID Connect Discovery 1.0 §4.3',
  severity: 'medium',
  codes: {
    'forward-auth.discovery.unreadable': {
      meaning: 'There is no discovery document, or it is no JSON with the end points.',
      fix: 'Look at the slug of the application and at the provider.',
    },
    'forward-auth.discovery.endpoints': {
      meaning: 'An end point is not https on the host of the provider.',
      fix: 'Set the external address, and hand X-Forwarded-Proto and Host on.',
    },
    'forward-auth.discovery.issuer': { meaning: 'The issuer is not the address that the document is at.', fix: 'Set the external address of the provider.' },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.discovery !== undefined),
  unless: undeclared('discovery'),
  needs: (subject, target) => ({ seen: gatewayProvider(guardedOf(subject), target) }),
  judge: ({ seen }, { subject, target }) => {
    const blind = unanswered([seen.discovery])
    if (blind !== undefined) return blind
    if (seen.discovery === undefined) return inconclusive('unobserved', 'the document was not looked at')
    const { endpoints, discovery } = seen
    const url = new URL((guardedOf(subject).gateway.discovery ?? '').replaceAll('{domain}', target.domain))
    const needed = ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri']
    if (!succeeded(discovery) || endpoints === undefined || needed.some((name) => endpoints[name] === undefined))
      return fail('forward-auth.discovery.unreadable', evidence(discovery, `JSON with ${needed.join(', ')}`))
    const findings = Object.entries(endpoints).map(([name, value]): Finding => {
      const item = { what: name, expected: name === 'issuer' ? `the beginning of ${url.href}` : `https on ${url.host}`, received: value, where: url.href }
      if (name === 'issuer')
        return url.href === `${value.replace(/\/$/, '')}/.well-known/openid-configuration`
          ? { grade: 'pass', evidence: item }
          : { grade: 'fail', code: 'forward-auth.discovery.issuer', evidence: item }
      return value.startsWith(`https://${url.host}/`)
        ? { grade: 'pass', evidence: item }
        : { grade: 'fail', code: 'forward-auth.discovery.endpoints', evidence: item }
    })
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, (guardedOf(subject).gateway.discovery ?? '').replaceAll('{domain}', target.domain), { flags: ['-sS', '-i'] }),
  covers: ['B21'],
})
