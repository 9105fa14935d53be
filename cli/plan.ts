/** `postproof plan`: what would run, against what, with what impact and at what cost. Opens no socket. */
import { planCases, plannedCosts, plannedProbes } from '../helpers/run.ts'
import { loadTarget } from '../helpers/target/load.ts'
import { zonesOf } from '../helpers/zones.ts'
import { loadCatalogue, unknownChecks } from './catalogue.ts'
import { type AskFlags, EXIT_MISUSE } from './commands.ts'
import { selectionOf, selectionProblems, withFlags } from './selection.ts'
import { printProblems } from './validate.ts'

export async function plan(given: string, flags: AskFlags & { readonly json?: boolean }): Promise<number> {
  const loaded = await loadTarget(given)
  if (!loaded.ok) {
    printProblems(loaded.problems)
    return EXIT_MISUSE
  }
  const target = withFlags(loaded.target, flags)
  const { checks, broken } = await loadCatalogue(target)
  const problems = [
    ...unknownChecks(
      target,
      checks.map((check) => check.id),
      given,
    ),
    ...broken.map(({ file, message }) => ({ file, line: 0, column: 0, path: '', message })),
    ...selectionProblems(flags, target, checks),
  ]
  if (problems.length > 0) {
    printProblems(problems)
    return EXIT_MISUSE
  }
  const cases = planCases(target, checks, selectionOf(flags))
  const probes = plannedProbes(cases, target)
  const judged = cases.filter((one) => one.settled === undefined)
  const impacts = Object.entries(Object.groupBy(probes, (probe) => probe.impact)).map(([impact, list]) => ({
    impact,
    probes: list?.length ?? 0,
    connections: list?.reduce((sum, probe) => sum + probe.cost.connections, 0) ?? 0,
    requests: list?.reduce((sum, probe) => sum + probe.cost.requests, 0) ?? 0,
    sockets: list?.reduce((sum, probe) => sum + (probe.cost.sockets ?? 0), 0) ?? 0,
    frames: list?.reduce((sum, probe) => sum + (probe.cost.frames ?? 0), 0) ?? 0,
    allowed: impact === 'read' || (target.file.allow as readonly string[] | undefined)?.includes(impact) === true,
  }))
  const hosts = target.hosts.map((host) => {
    const own = probes.filter((probe) => probe.host === host.fqdn)
    return {
      host: host.fqdn,
      verdicts: judged.filter((one) => one.subject.host === host).length,
      probes: own.length,
      requests: own.reduce((sum, probe) => sum + probe.cost.requests, 0),
    }
  })
  const skipped = cases.length - judged.length
  const { requests, zones, logins, registrations, mails, bytes, sockets, frames, unexpected, atMost } = plannedCosts(probes)
  const openEnded = probes.some(({ cost }) => cost.openEnded === true)
  if (flags.json === true) {
    const acting = { requests, zones, logins, registrations, mails, bytes, sockets, frames, unexpected, atMost, openEnded }
    process.stdout.write(
      `${JSON.stringify({ target: target.name, domain: target.domain, verdicts: judged.length, skipped, impacts, hosts, ...acting }, null, 2)}\n`,
    )
    return judged.length === 0 ? 2 : 0
  }
  const out = (line: string): void => void process.stdout.write(`${line}\n`)
  out(
    `${target.name} (${target.domain}): ${judged.length} verdicts on ${target.hosts.length} ${target.hosts.length === 1 ? 'host' : 'hosts'}, ${skipped} skipped for want of a declaration; nothing was sent`,
  )
  out('')
  out('impact   probes  connections ≤  requests ≤  consent')
  for (const one of impacts) {
    const consent =
      one.impact === 'read' ? 'not needed' : one.allowed ? 'given in `allow`; a public address needs proof of ownership too' : `missing: allow: [${one.impact}]`
    out(`${one.impact.padEnd(8)} ${String(one.probes).padStart(6)}  ${String(one.connections).padStart(13)}  ${String(one.requests).padStart(10)}  ${consent}`)
  }
  out('(upper bounds: probes share connections, and shared looks are counted once for each)')
  const reading = impacts.find(({ impact }) => impact === 'read')
  if (reading !== undefined && reading.sockets > 0)
    out(`(what only reads opens at most ${reading.sockets} WebSockets and sends at most ${reading.frames} messages and Pings over them)`)
  out('')
  const width = Math.max(4, ...hosts.map((one) => one.host.length))
  out(`${'host'.padEnd(width)}  verdicts  probes  requests ≤`)
  for (const one of hosts)
    out(`${one.host.padEnd(width)}  ${String(one.verdicts).padStart(8)}  ${String(one.probes).padStart(6)}  ${String(one.requests).padStart(10)}`)
  /** Exact, but for what the target's answers decide. */
  const told = (count: number, open: number, what: string): string =>
    open === 0 ? `${count} ${what}` : open === count ? `at most ${count} ${what}` : `${count - open} to ${count} ${what}`
  const rows = [
    ...(requests > 0 ? [['in all', told(requests, atMost.requests, 'requests'), ''] as const] : []),
    ...zonesOf(target).map(({ name, limit }) => [`zone ${name}`, told(zones[name] ?? 0, atMost.zones[name] ?? 0, 'requests'), limit?.text ?? ''] as const),
    ...Object.entries(logins).map(([account, count]) => [`account ${account}`, told(count, atMost.logins[account] ?? 0, 'attempts to log in'), ''] as const),
    ...(registrations > 0
      ? [['accounts made', told(registrations, atMost.registrations, 'registrations'), 'removed again where the target says how'] as const]
      : []),
    ...(mails > 0 ? [['mail', told(mails, atMost.mails, 'messages'), ''] as const] : []),
    ...(sockets > 0 ? [['WebSockets', told(sockets, atMost.sockets, 'opened'), told(frames, atMost.frames, 'messages and Pings')] as const] : []),
    ...(bytes > 0 ? [['bodies', told(bytes, atMost.bytes, 'bytes'), ''] as const] : []),
  ]
  if (rows.length > 0) {
    out('')
    out('what acts on the target, exactly, if it does as declared; where two numbers stand, its answers decide:')
    const first = Math.max(...rows.map(([what]) => what.length))
    for (const [what, count, more] of rows) out(`${what.padEnd(first)}  ${count}${more === '' ? '' : `  (${more})`}`)
    if (openEnded)
      out(`${'pages'.padEnd(first)}  WebSockets that they open in a browser come on top: they end a page beyond its requests, and cannot be held back`)
    if (unexpected > 0) out(`${'otherwise'.padEnd(first)}  up to ${unexpected} requests more, to say what is wrong`)
  }
  return judged.length === 0 ? 2 : 0
}
