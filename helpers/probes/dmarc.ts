/** DMARC in DNS (RFC 9989): the tree walk from a domain upwards, and whether those who are to get reports want them (RFC 9990 §4). Facts only. */
import { type DmarcFound, type DmarcReading, type DmarcUri, isDmarc, organisationalDomain, policyDomain, readDmarc, treeOf } from '../grammar/dmarc.ts'
import type { DnsObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { dnsQuery } from './dns.ts'

export interface DmarcStep {
  readonly domain: string
  readonly seen: Observed<DnsObservation>
  /** Texts that begin as a record does; more than one: none counts. */
  readonly records: readonly string[]
  /** Texts that look like a record and are none: other letters in the version, something in front. */
  readonly nearly: readonly string[]
  readonly reading?: DmarcReading
}
export interface DmarcWalk {
  readonly domain: string
  /** In the order of asking, at most eight. */
  readonly steps: readonly DmarcStep[]
  readonly organisational: string
  /** The step whose record holds for the domain. */
  readonly policy?: DmarcFound
  /** Questions that were not answered: what they would have said is unknown. */
  readonly unanswered: readonly string[]
}

const WHOLE_MS = 60_000
const NEARLY = /^[\s"'\u00a0\ufeff]*v\s*=\s*dmarc/i

/** Walks from the domain itself. Never fails: a question that is not answered stays visible. */
export function dmarcWalk(domain: string): Probe<DmarcWalk> {
  return {
    kind: 'dmarcWalk',
    key: `dmarcWalk ${domain}`,
    impact: 'read',
    cost: { connections: 0, requests: 3 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const steps: DmarcStep[] = []
      const found: DmarcFound[] = []
      for (const name of treeOf(domain)) {
        const seen = await context.observe(dnsQuery({ name: `_dmarc.${name}`, type: 'TXT' }))
        const texts = seen.ok ? seen.value.answers.filter((record) => record.type === 'TXT').map((record) => record.value) : []
        const records = texts.filter(isDmarc)
        const reading = records.length === 1 ? readDmarc(records[0] ?? '') : undefined
        steps.push({
          domain: name,
          seen,
          records,
          nearly: texts.filter((text) => !isDmarc(text) && NEARLY.test(text)),
          ...(reading === undefined ? {} : { reading }),
        })
        if (reading?.ok !== true) continue
        found.push({ domain: name, record: reading.value })
        if (reading.value.psd !== 'u') break
      }
      const policy = policyDomain(domain, found)
      return {
        domain,
        steps,
        organisational: organisationalDomain(domain, found),
        ...(policy === undefined ? {} : { policy }),
        unanswered: steps.flatMap(({ domain: name, seen }) =>
          seen.ok && (seen.value.rcode === 'NOERROR' || seen.value.rcode === 'NXDOMAIN')
            ? []
            : [`_dmarc.${name}: ${seen.ok ? seen.value.rcode : seen.failure.code}`],
        ),
      }
    },
  }
}

/** A place for aggregate reports. */
export interface ReportReceiver {
  readonly uri: DmarcUri
  /** `own`: the same Organizational Domain, nothing to ask; `external`: asked for; `unusable`: no mail address. */
  readonly kind: 'own' | 'external' | 'unusable'
  /** The question for its consent, where it is external. */
  readonly seen?: Observed<DnsObservation>
  /** A record of DMARC answers it. */
  readonly authorised?: boolean
}
const MOST_RECEIVERS = 10

/**
 * The places of `rua` in the record that holds for the domain, each external one asked for its consent.
 * @throws ProbeError what the walk failed with
 */
export function reportReceivers(domain: string): Probe<{ readonly walk: DmarcWalk; readonly receivers: readonly ReportReceiver[] }> {
  return {
    kind: 'reportReceivers',
    key: `reportReceivers ${domain}`,
    impact: 'read',
    cost: { connections: 0, requests: 3 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const walked = await context.observe(dmarcWalk(domain))
      if (!walked.ok) throw new ProbeError(walked.failure)
      const walk = walked.value
      const receivers: ReportReceiver[] = []
      for (const uri of walk.policy?.record.rua.slice(0, MOST_RECEIVERS) ?? []) {
        if (uri.fault !== undefined || uri.host === undefined) {
          receivers.push({ uri, kind: 'unusable' })
          continue
        }
        const there = await context.observe(dmarcWalk(uri.host))
        const owner = walk.policy?.domain ?? domain
        if (uri.host === owner || (there.ok && there.value.organisational === walk.organisational)) {
          receivers.push({ uri, kind: 'own' })
          continue
        }
        const seen = await context.observe(dnsQuery({ name: `${owner}._report._dmarc.${uri.host}`, type: 'TXT' }))
        const authorised = seen.ok && seen.value.answers.some((record) => record.type === 'TXT' && isDmarc(record.value))
        receivers.push({ uri, kind: 'external', seen, authorised })
      }
      return { walk, receivers }
    },
  }
}
