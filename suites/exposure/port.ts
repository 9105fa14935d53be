/** How a port’s looks become findings: open, refused and filtered told apart, a lock-out not taken for a filter, an edge not for the origin. */
import type { Subject } from '../../helpers/check.ts'
import { inNetwork } from '../../helpers/grammar/address.ts'
import { CONTROL_PORT, type PortLook, type PortSight, portEverywhere } from '../../helpers/probes/ports.ts'
import type { Probe } from '../../helpers/probe.ts'
import { connectionFor } from '../../helpers/reproduce.ts'
import { pinnedAddresses, realPort, type Target } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, skip, type Verdict, worst } from '../../helpers/verdict.ts'
import { protocolOf, serviceAt, type Service, SERVICES } from './services.ts'

const HTTP = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: postproof\r\nConnection: close\r\n\r\n')

/** FTP, SSH, SMTP, POP3, IMAP, submission: they speak first, and a stranger’s HTTP only fills their logs. */
const GREETING: ReadonlySet<number> = new Set([21, 22, 25, 110, 143, 587])

/** The look at a port everywhere, asking in the language of the service that usually listens there. One look for every check. */
export function portLook(port: number): Probe<PortSight> {
  const service = serviceAt(port)
  if (GREETING.has(port)) return portEverywhere(port)
  const say = service === undefined ? HTTP : service.say
  return portEverywhere(port, say === undefined ? {} : { send: say })
}

export const portSubjects = (target: Target, ports: readonly number[]): readonly Subject[] =>
  [...new Set(ports)].sort((a, b) => a - b).map((port) => ({ name: `${target.domain}:${port}`, item: port }))
export const portOf = (subject: Subject): number => Number(subject.item)

type PortState = 'open' | 'closed' | 'edge' | 'middlebox' | 'not-looked' | 'unobserved' | 'unmapped'
interface ReadLook {
  readonly look: PortLook
  readonly state: PortState
  readonly evidence: Evidence
}

/** An address that a CDN or tunnel answers on: an open port there says nothing of the origin behind it. */
const isEdge = (look: PortLook, target: Target): boolean => {
  const { edge } = target.file
  if (edge?.kind !== 'cdn' && edge?.kind !== 'tunnel') return false
  return !look.origin && (edge.addresses === undefined || edge.addresses.some((network) => inNetwork(look.address, network)))
}

/** What each look means; nothing is closed for want of an answer. */
export function readLooks(sight: PortSight, target: Target, expected: string): readonly ReadLook[] {
  return sight.looks.map((look): ReadLook => {
    const seen = look.seen
    const of = look.origin ? 'the origin' : (look.names[0] ?? '') + (look.names.length > 1 ? ` and ${look.names.length - 1} more` : '')
    const as = (state: PortState, received: string): ReadLook => ({
      look,
      state,
      evidence: { what: `port ${sight.port} of ${of}`, expected, received, where: look.address, ...(seen.ok ? { at: seen.value.at } : {}) },
    })
    if (!seen.ok)
      return as(seen.failure.code === 'UNMAPPED' ? 'unmapped' : 'unobserved', `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})`)
    const alive = look.alive?.ok === true && look.alive.value.state === 'open'
    switch (seen.value.state) {
      case 'refused':
        return as('closed', 'refused')
      case 'filtered':
        return alive
          ? as('closed', 'filtered: no answer, while the web port of the same address answers')
          : as('unobserved', 'no answer, and none on the web ports either: filtered, or this machine is locked out')
      case 'unreachable':
        if (alive) return as('closed', 'filtered: unreachable, while the web port of the same address answers')
        return look.family === 6
          ? as('not-looked', 'not looked at: this machine has no way to IPv6 (set network.ipv6: false to say so)')
          : as('unobserved', 'the address cannot be reached')
      case 'open': {
        const speaks = protocolOf(seen.value.banner)
        // CDNs answer HTTP on a dozen ports of their own; another protocol comes from behind them.
        if (isEdge(look, target) && /^(?:speaks (?:HTTP|TLS)|says nothing)/.test(speaks)) return as('edge', `open, ${speaks}: the edge answers, not the origin`)
        if (look.control?.ok === true && look.control.value.state === 'open')
          return as('middlebox', `open, and so is port ${CONTROL_PORT}, where nothing is: something in between accepts every connection`)
        return as('open', `open, ${speaks}`)
      }
      default: {
        const never: never = seen.value.state
        return as('unobserved', `unknown state ${String(never)}`)
      }
    }
  })
}

/** A connection that anybody can try. */
export function connectFor(port: number, target: Target): string {
  const address = pinnedAddresses(target, target.domain)?.[0] ?? target.domain
  return connectionFor(address, realPort(target, port) ?? port)
}

/** Ports that the target says are open on purpose. */
const meantOpen = (target: Target): ReadonlySet<number> => new Set([...(target.file.exposure?.open ?? []), ...(target.file.exposure?.optionalOpen ?? [])])

/** Ports of known services that this vantage can reach and that the target does not open on purpose; none where the owner describes no ports. */
export const servicePorts = (target: Target, kind: Service['kind']): readonly number[] => {
  if (target.file.exposure === undefined) return []
  const meant = meantOpen(target)
  return SERVICES.filter((service) => service.kind === kind)
    .flatMap((service) => service.ports)
    .filter((port) => !meant.has(port) && realPort(target, port) !== undefined)
}

/** Judges whether a known service is reachable, and whether it works for strangers. */
export function judgeService(
  sight: PortSight,
  target: Target,
  codes: { readonly open: string; readonly reachable: string; readonly unknown: string },
): Verdict {
  const service = serviceAt(sight.port)
  const declared = (target.file.exposure?.closed ?? []).includes(sight.port) || (target.file.exposure?.closedOr403 ?? []).includes(sight.port)
  const looks = readLooks(sight, target, `no ${service?.name ?? 'service'} that strangers reach`)
  const findings = looks.flatMap(({ state, evidence, look }): readonly Finding[] => {
    const banner = Buffer.from((look.seen.ok ? look.seen.value.banner : undefined) ?? [])
    const spoken = banner.length === 0 ? undefined : service?.read?.(banner, banner.toString('latin1'))
    // The protocol itself is the proof, also where an edge or a middlebox passes it on.
    if (spoken !== undefined && (state === 'open' || state === 'edge' || state === 'middlebox')) {
      const received = `open, ${service?.name ?? ''}: ${spoken.shown}`
      return spoken.access === 'open'
        ? [{ grade: 'fail', code: codes.open, severity: 'critical', evidence: { ...evidence, received: `${received}; works without a login` } }]
        : [{ grade: 'fail', code: codes.reachable, severity: 'high', evidence: { ...evidence, received: `${received}; asks for a login` } }]
    }
    if (state === 'closed') return [{ grade: 'pass', evidence }]
    if (state !== 'open') return []
    const other = { ...evidence, received: `${evidence.received}; not known as ${service?.name ?? 'a service'}` }
    // Openness itself is the matter of exposure/declared-closed and closed-or-403 where the port is declared.
    return declared ? [{ grade: 'pass', evidence: other }] : [{ grade: 'warn', code: codes.unknown, severity: 'medium', evidence: other }]
  })
  if (findings.some((one) => one.grade !== 'pass')) return worst(findings)
  const evidence = looks.map((one) => one.evidence)
  const blind = looks.find((one) => one.state === 'unobserved' || one.state === 'middlebox')
  if (blind !== undefined) return inconclusive('unobserved', blind.evidence.received, evidence)
  if (findings.length > 0) return worst(findings)
  return looks.some((one) => one.state === 'edge')
    ? skip('not-applicable', 'only addresses of the edge are known, and the edge answers this port itself: declare edge.origin.address', evidence)
    : inconclusive('unobserved', 'no address could be looked at', evidence)
}
