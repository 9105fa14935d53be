import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { certificateLine, leafOf, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** Certificates that products make for themselves until they have a real one: what, and where its name stands. */
const PLACEHOLDERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Traefik default certificate', /\bTRAEFIK DEFAULT CERT\b/i],
  ['ingress-nginx fake certificate', /\bKubernetes Ingress Controller Fake Certificate\b/i],
  ['Caddy internal CA', /\bCaddy Local Authority\b/i],
  ['Debian snake-oil certificate', /\bssl-cert-snakeoil\b|\bsnakeoil\b/i],
  ['ACME staging certificate', /\(STAGING\)|\bFake LE (?:Intermediate|Root)\b/i],
  ['Plesk default certificate', /\bPlesk\b|\bParallels Panel\b/i],
  ['Synology default certificate', /\bSynology(?: Inc\.)?(?: CA)?\b/i],
  ['UniFi default certificate', /\bUniFi\b|\bUbiquiti\b/i],
  ['pfSense default certificate', /\bpfSense\b/i],
  ['Cloudflare Origin certificate', /\bCloudFlare Origin\b/i],
  ['a certificate for localhost', /(?:^|, )CN=localhost(?:\.localdomain)?(?:,|$)/i],
]
/** A common name of the host's own (unifi.example.com, plesk.example.com) says nothing about who made the certificate. */
const withoutHostNames = (subject: string): string =>
  subject.replace(/(^|, )CN=(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?=,|$)/gi, (found, before: string) =>
    /CN=localhost\.localdomain$/i.test(found) ? found : before,
  )
export const placeholderIn = (subject: string, issuer: string): string | undefined =>
  PLACEHOLDERS.find(([, pattern]) => pattern.test(withoutHostNames(subject)) || pattern.test(issuer))?.[0]

export default defineCheck({
  id: 'tls/placeholder-cert',
  title: 'The certificate is not a placeholder',
  failureTitle: 'A placeholder certificate is served',
  why: 'Proxies serve a certificate of their own making when the real one is missing. Naming it gives the cause behind the other TLS failures.',
  source: 'default certificates of Traefik, ingress-nginx, Caddy, Debian, Let’s Encrypt staging and Cloudflare',
  severity: 'high',
  codes: {
    'tls.placeholder': {
      meaning: 'The certificate is a default, staging or origin-only one.',
      fix: 'Look at why the real certificate is not there: ACME log of the proxy, router rule or server name of this host, staging directory left in the configuration.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls }) => {
    const leaf = leafOf(tls)
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    const issuers = tls.chain.slice(1).map(({ issuer }) => issuer)
    const found = placeholderIn(leaf.subject, [leaf.issuer, ...issuers].join('; '))
    const evidence = seenAt(
      tls,
      'subject and issuer',
      'no known placeholder',
      `${found === undefined ? '' : `${found}: `}${certificateLine(leaf)}, issued by ${leaf.issuer}`,
    )
    return found === undefined ? pass(evidence) : fail('tls.placeholder', evidence)
  },
  reproduce: showCertificate,
  covers: ['B10', 'E27'],
})
