/**
 * The owner's consent (design §4): a probe that loads, logs in, writes or mails needs the word in `allow` and, where it goes to a public address,
 * proof that whoever wrote the target controls the domain.
 */
import { createHash } from 'node:crypto'
import { isLoopback, isPrivateAddress } from './grammar/address.ts'
import { bodyText } from './headers.ts'
import type { DnsObservation, HttpObservation } from './observations.ts'
import type { Impact, Probe } from './probe.ts'
import { dnsQuery } from './probes/dns.ts'
import { httpRequest } from './probes/http.ts'
import type { Target } from './target.ts'

export interface OwnershipProof {
  readonly proven: boolean
  /** Where the token stands. */
  readonly by?: 'dns' | 'http'
  /** What was looked at and what stood there, one line each. */
  readonly looked: readonly string[]
}

/**
 * The token to publish, in TXT `_postproof.<domain>` or at `https://<domain>/.well-known/postproof.txt`. It binds domain and consented impacts: who
 * later allows more has to publish anew, so an old token never covers a new kind of probe.
 */
export function ownershipToken(target: Target): string {
  const words = [...new Set(target.file.allow ?? [])].sort().join(',')
  return `postproof=${createHash('sha256').update(`postproof:${target.domain}:${words}`).digest('hex').slice(0, 32)}`
}

export function ownershipProof(target: Target): Probe<OwnershipProof> {
  return {
    kind: 'ownershipProof',
    key: `ownershipProof ${target.domain}`,
    impact: 'read',
    cost: { connections: 1, requests: 2 },
    host: target.domain,
    run: async (context) => {
      const token = ownershipToken(target)
      const looked: string[] = []
      const dns = await context.observe<DnsObservation>(dnsQuery({ name: `_postproof.${target.domain}`, type: 'TXT' }))
      if (dns.ok) {
        const values = dns.value.answers.filter((record) => record.type === 'TXT').map((record) => record.value.trim())
        if (values.includes(token)) return { proven: true, by: 'dns', looked: [`TXT _postproof.${target.domain} holds the token`] }
        looked.push(`TXT _postproof.${target.domain}: ${values.length === 0 ? dns.value.rcode : `${values.length} records without the token`}`)
      } else looked.push(`TXT _postproof.${target.domain}: ${dns.failure.code}`)
      const path = '/.well-known/postproof.txt'
      const http = await context.observe<HttpObservation>(httpRequest({ scheme: 'https', host: target.domain, path, maxBodyBytes: 4_096 }))
      if (http.ok) {
        const lines = bodyText(http.value)
          .split(/\r?\n/)
          .map((line) => line.trim())
        if (http.value.status === 200 && lines.includes(token))
          return { proven: true, by: 'http', looked: [...looked, `https://${target.domain}${path} holds the token`] }
        looked.push(`https://${target.domain}${path}: ${http.value.status}, no token`)
      } else looked.push(`https://${target.domain}${path}: ${http.failure.code}`)
      return { proven: false, looked }
    },
  }
}

/** Pure. @param addresses where the probe would go; none known counts as public */
export function consentFor(
  impact: Impact,
  target: Target,
  addresses: readonly string[],
  proof: OwnershipProof | undefined,
): { readonly allowed: boolean; readonly reason: string } {
  if (impact === 'read') return { allowed: true, reason: 'reading needs no consent' }
  if (!(target.file.allow as readonly string[] | undefined)?.includes(impact))
    return { allowed: false, reason: `the target does not allow ${impact}: add it to \`allow\`, or pass --allow ${impact}` }
  if (impact === 'drill' && target.environment === 'production' && !(target.file.allow ?? []).includes('drill'))
    return { allowed: false, reason: 'a production target refuses drills' }
  if (impact === 'drill') return { allowed: true, reason: 'allowed by the target; a drill acts on what it makes itself, on this machine' }
  if (addresses.length > 0 && addresses.every((address) => isLoopback(address) || isPrivateAddress(address)))
    return { allowed: true, reason: 'allowed by the target; the address is not public' }
  if (proof?.proven === true) return { allowed: true, reason: `allowed by the target; ownership proven by ${proof.by ?? 'token'}` }
  return {
    allowed: false,
    reason: `${impact} on a public address needs proof of ownership: publish ${ownershipToken(target)} in TXT _postproof.${target.domain} or at https://${target.domain}/.well-known/postproof.txt`,
  }
}
