/** metrics.prom (Prometheus text format): blackbox_exporter's names where they exist, our verdict metrics with a closed label set. */
import { OUTCOMES, SEVERITIES } from '../helpers/verdict.ts'
import type { Report } from './report.ts'

const label = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
const labels = (pairs: Readonly<Record<string, string>>): string => {
  const list = Object.entries(pairs).map(([name, value]) => `${name}="${label(value)}"`)
  return list.length === 0 ? '' : `{${list.join(',')}}`
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

const TLS_NAMES: Readonly<Record<string, string>> = { TLSv1: 'TLS 1.0', 'TLSv1.1': 'TLS 1.1', 'TLSv1.2': 'TLS 1.2', 'TLSv1.3': 'TLS 1.3' }

export function metrics(report: Report): string {
  const lines: string[] = []
  const gauge = (name: string, help: string, samples: readonly Sample[]): void => {
    const usable = samples.filter(([, value]) => Number.isFinite(value))
    if (usable.length === 0) return
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`)
    for (const [pairs, value] of usable) lines.push(`${name}${labels(pairs)} ${value}`)
  }
  const seconds = (text: string): number => Date.parse(text) / 1000
  const hosts = report.target.hosts
  const of = (host: string): Readonly<Record<string, string>> => ({ instance: host })
  const passing = new Set(report.results.flatMap(({ host, outcome }) => (outcome === 'pass' && host !== undefined ? [host] : [])))
  const worst = new Map<string, boolean>(hosts.map((host) => [host, passing.has(host)]))
  const blocking = new Set(report.gate.blocking)
  for (const result of report.results)
    if (result.host !== undefined && (result.outcome === 'fail' || result.outcome === 'inconclusive') && blocking.has(`${result.check} ${result.subject}`))
      worst.set(result.host, false)
  gauge(
    'probe_success',
    'Displays whether or not the probe was a success: nothing blocking was found on the host.',
    hosts.map((host) => [of(host), worst.get(host) === true ? 1 : 0]),
  )
  gauge(
    'probe_duration_seconds',
    'Returns how long the probe took to complete in seconds: the first document of the host.',
    report.timings.map((one) => [of(one.host), one.totalMs / 1000]),
  )
  gauge(
    'probe_http_status_code',
    'Response HTTP status code.',
    report.timings.map((one) => [of(one.host), one.status]),
  )
  gauge(
    'probe_http_version',
    'Returns the version of HTTP of the probe response.',
    report.timings.map((one) => [of(one.host), Number(one.httpVersion)]),
  )
  gauge(
    'probe_http_ssl',
    'Indicates if SSL was used for the final redirect.',
    report.timings.map((one) => [of(one.host), one.url.startsWith('https:') ? 1 : 0]),
  )
  gauge(
    'probe_http_duration_seconds',
    'Duration of http request by phase.',
    report.timings.flatMap((one): Sample[] => [
      [{ ...of(one.host), phase: 'resolve' }, (one.dnsMs ?? 0) / 1000],
      [{ ...of(one.host), phase: 'connect' }, (one.connectMs ?? 0) / 1000],
      [{ ...of(one.host), phase: 'tls' }, (one.tlsMs ?? 0) / 1000],
      [{ ...of(one.host), phase: 'processing' }, one.ttfbMs / 1000],
      [{ ...of(one.host), phase: 'transfer' }, one.transferMs / 1000],
    ]),
  )
  gauge(
    'probe_ip_protocol',
    'Specifies whether probe ip protocol is IP4 or IP6.',
    report.timings.map((one) => [of(one.host), one.peer.startsWith('[') ? 6 : 4]),
  )
  gauge(
    'probe_ssl_earliest_cert_expiry',
    'Returns last SSL chain expiry in unixtime: the earliest end among the presented certificates.',
    report.certificates.map((one) => [of(one.host), seconds(one.chainNotAfter)]),
  )
  gauge(
    'probe_ssl_last_chain_info',
    'Contains SSL leaf certificate information.',
    report.certificates.map((one) => [
      { ...of(one.host), fingerprint_sha256: one.sha256, issuer: one.issuer, serialnumber: one.serialHex, subject: one.subject },
      1,
    ]),
  )
  gauge(
    'probe_tls_version_info',
    'Returns the TLS version used.',
    report.certificates.map((one) => [{ ...of(one.host), version: TLS_NAMES[one.protocol] ?? one.protocol }, 1]),
  )
  gauge(
    'probe_tls_cipher_info',
    'Returns the TLS cipher negotiated during handshake.',
    report.certificates.map((one) => [{ ...of(one.host), cipher: one.cipher }, 1]),
  )
  const suites = [...new Set(report.results.map((result) => result.suite))].sort()
  const tally = new Map<string, number>()
  for (const result of report.results) {
    const key = `${result.suite} ${result.outcome} ${result.severity}`
    tally.set(key, (tally.get(key) ?? 0) + 1)
  }
  gauge(
    'postproof_verdicts',
    'Verdicts of the last run by suite, outcome and severity.',
    suites.flatMap((suite) =>
      OUTCOMES.flatMap((outcome) => SEVERITIES.map((severity): Sample => [{ suite, outcome, severity }, tally.get(`${suite} ${outcome} ${severity}`) ?? 0])),
    ),
  )
  gauge('postproof_gate_passed', 'Whether the gate of the last run passed.', [[{}, report.gate.passed ? 1 : 0]])
  gauge('postproof_gate_blocking_verdicts', 'Verdicts that blocked the gate of the last run.', [[{}, report.gate.blocking.length]])
  gauge('postproof_exit_code', 'Exit code of the last run.', [[{}, report.gate.exitCode]])
  gauge('postproof_run_duration_seconds', 'How long the last run took.', [[{}, seconds(report.finishedAt) - seconds(report.startedAt)]])
  gauge('postproof_run_timestamp_seconds', 'When the last run ended.', [[{}, seconds(report.finishedAt)]])
  gauge('postproof_build_info', 'Version of postproof.', [[{ version: report.tool.version }, 1]])
  lines.push('')
  return lines.join('\n')
}
