/** Bare-domain mode: which hosts a domain has, from its certificate and its DNS answers. Reads a handful of facts, guesses no names. */
import type { DnsObservation, TlsObservation } from './observations.ts'
import type { Observed, Probe } from './probe.ts'
import { dnsQuery } from './probes/dns.ts'
import { tlsHandshake } from './probes/tls.ts'
import { normaliseTarget, type Target } from './target.ts'

export interface FoundHost {
  readonly fqdn: string
  /** Where the name was seen. */
  readonly from: string
}

/** Answers of GET / that are right for a host nobody has described: anything but an error of the server. */
const UNDESCRIBED_STATUS = [200, 204, 301, 302, 303, 307, 308, 401, 403, 404]
/** A certificate may name thousands; a person who typed a bare domain wants the deployment, not a census. */
const MOST_HOSTS = 50

/**
 * @param look observes one probe (the run's own memo where there is one)
 * @returns the domain, `www` where it resolves, and every name below the domain seen in the certificate, CNAME, MX or NS answers that resolves
 */
export async function findHosts(
  target: Target,
  look: <T>(probe: Probe<T>) => Promise<Observed<T>>,
): Promise<{ readonly target: Target; readonly found: readonly FoundHost[] }> {
  const { domain } = target
  const found = new Map<string, string>([[domain, 'asked for']])
  const note = (name: string, from: string): void => {
    const fqdn = name.toLowerCase().replace(/\.$/, '')
    if (fqdn.endsWith(`.${domain}`) && !fqdn.startsWith('*.') && /^[a-z0-9_.-]+$/.test(fqdn) && !found.has(fqdn)) found.set(fqdn, from)
  }
  const tls = async (host: string): Promise<void> => {
    const seen: Observed<TlsObservation> = await look(tlsHandshake({ host }))
    if (seen.ok) for (const name of seen.value.chain[0]?.dnsNames ?? []) note(name, `certificate of ${host}`)
  }
  const dns = async (name: string, type: string): Promise<void> => {
    const seen: Observed<DnsObservation> = await look(dnsQuery({ name, type }))
    if (!seen.ok) return
    for (const record of seen.value.answers) {
      note(record.name, `${record.type} answer`)
      if (record.type === 'MX') note(record.value.split(' ').at(-1) ?? '', 'MX record')
      else if (record.type === 'CNAME' || record.type === 'NS') note(record.value, `${record.type} record`)
    }
  }
  note(`www.${domain}`, 'usual')
  await Promise.all([tls(domain), tls(`www.${domain}`), dns(domain, 'MX'), dns(domain, 'NS'), dns(`www.${domain}`, 'A')])
  const candidates = [...found].slice(0, MOST_HOSTS)
  const alive = await Promise.all(
    candidates.map(async ([fqdn, from]): Promise<FoundHost | undefined> => {
      if (fqdn === domain) return { fqdn, from }
      const answers = await Promise.all([look(dnsQuery({ name: fqdn, type: 'A' })), look(dnsQuery({ name: fqdn, type: 'AAAA' }))])
      // A name the certificate promises but DNS denies is a finding of its own (tls/subdomain-coverage); it is no host to look at.
      return answers.some((answer) => !answer.ok || answer.value.answers.some((record) => record.type === 'A' || record.type === 'AAAA'))
        ? { fqdn, from }
        : undefined
    }),
  )
  const hosts = alive.filter((host) => host !== undefined)
  const file = {
    ...target.file,
    hosts: Object.fromEntries(hosts.map(({ fqdn }) => [fqdn === domain ? '@' : fqdn.slice(0, -domain.length - 1), { status: UNDESCRIBED_STATUS }])),
  }
  return { target: normaliseTarget(file, { trust: target.trust, sha256: target.sha256, discovered: true }), found: hosts }
}
