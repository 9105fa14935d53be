import { defineCheck, hostOf } from '../../helpers/check.ts'
import { publishedKeyOf } from '../../helpers/grammar/published-keys.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { certificateLine, leafOf, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** Authorities whose private keys everybody has, and those that sit between a client and the world. */
const BAD: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Superfish (key published 2015)', /\bSuperfish, Inc\./i],
  ['eDellRoot (key published 2015)', /\beDellRoot\b/i],
  ['DSDTestProvider (key published 2015)', /\bDSDTestProvider\b/i],
  ['preact-cli development certificate', /\bpreact-cli\b|\bCN=Acme Preact\b/i],
  ['webpack-dev-server development certificate', /\bwebpack-dev-server\b|\bTest Default CA\b/i],
  ['interception by a Fortinet appliance', /\bFortinet\b.{0,200}\bCA\b|\bFG[0-9A-Z]{14}\b/i],
  ['interception by Zscaler', /\bZscaler\b/i],
  ['interception by Netskope', /\bNetskope\b|\bgoskope\b/i],
  ['interception by mitmproxy', /\bmitmproxy\b/i],
  ['interception by Burp', /\bPortSwigger CA\b/i],
]
export const badCaIn = (text: string): string | undefined => BAD.find(([, pattern]) => pattern.test(text))?.[0]

export default defineCheck({
  id: 'tls/known-bad-ca',
  title: 'No authority with a published key, and nobody in between',
  failureTitle: 'The certificate comes from an authority that anybody can sign with, or from somebody in between',
  why: 'With a published CA key everybody can pose as the host. An interception product near this machine means that we do not see the host at all.',
  source: 'badssl.com known-bad sets; CERT/CC VU#529496, VU#870761',
  severity: 'critical',
  codes: {
    'tls.ca.known-bad': {
      meaning: 'An issuer on the chain is known for its published key or as an interception product.',
      fix: 'Replace the certificate; if it names an interception product, run from a network without one.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    // Keys before names: of some such authorities the name says nothing.
    const found = tls.chain.map(publishedKeyOf).find((one) => one !== undefined) ?? badCaIn([leaf.subject, ...tls.chain.map(({ issuer }) => issuer)].join('; '))
    const evidence = seenAt(
      tls,
      'issuers of the chain',
      'none that is known to be bad',
      `${found === undefined ? '' : `${found}: `}${certificateLine(leaf)}, issued by ${leaf.issuer}`,
    )
    return found === undefined ? pass(evidence) : fail('tls.ca.known-bad', evidence)
  },
  reproduce: showCertificate,
})
