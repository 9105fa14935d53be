import { CspEvaluator } from 'csp_evaluator'
import { checkScriptAllowlistBypass } from 'csp_evaluator/dist/checks/security_checks.js'
import { Severity as Weight } from 'csp_evaluator/dist/finding.js'
import { CspParser } from 'csp_evaluator/dist/parser.js'
import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type ContentSecurityPolicy, effectiveList, readSource, scriptNonces, scriptOpenings } from '../../helpers/grammar/content-security-policy.ts'
import { isSharedWildcard } from '../../helpers/grammar/server-name.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, type Severity, skip, worst } from '../../helpers/verdict.ts'
import { curlDocument, declaredCsp, evidenceOf, noPages, pageOr, policiesOf, showsPages } from './shared.ts'

/** Hosts of a policy that serve JSONP or old Angular, by the list of Google's evaluator; its guesses (`'self'` might) are left out. */
const bypasses = (policy: ContentSecurityPolicy): readonly string[] =>
  new CspEvaluator(new CspParser(policy.text).csp)
    .evaluate([], [checkScriptAllowlistBypass])
    .flatMap((finding) => (finding.value === undefined || finding.severity !== Weight.HIGH ? [] : [finding.value]))

const numericHosts = (policy: ContentSecurityPolicy): readonly string[] =>
  (effectiveList(policy, 'script-src-elem')?.sources ?? []).filter((text) => {
    const source = readSource(text)
    return source.kind === 'host' && (/^\d+\.\d+\.\d+\.\d+$/.test(source.host) || source.host.startsWith('['))
  })

/** `*.example.net` where anybody can have a name below it (the public suffix list, with its private part: github.io, cloudfront.net). */
function sharedWildcards(policies: readonly ContentSecurityPolicy[]): readonly string[] {
  const lists = policies.flatMap((policy) => {
    const list = effectiveList(policy, 'script-src-elem')?.sources
    if (list === undefined) return []
    // strict-dynamic switches hosts off (CSP3 §8.2).
    const dynamic = list.some((text) => text.toLowerCase() === "'strict-dynamic'")
    return [dynamic ? [] : list.map((text) => text.toLowerCase())]
  })
  return (lists[0] ?? []).filter((text) => {
    const source = readSource(text)
    return source.kind === 'host' && isSharedWildcard(source.host) && lists.every((list) => list.includes(text))
  })
}

export default defineCheck({
  id: 'headers/csp-script',
  title: 'The policy decides which scripts run',
  failureTitle: 'The policy lets injected scripts run',
  why: 'A policy that allows inline code or any host stops nothing: whoever can inject markup can inject a script.',
  source: 'CSP3 §4.1.2, §6.7.3, §8; csp_evaluator 1.1.8 (hosts with JSONP); MDN HTTP Observatory',
  severity: 'high',
  codes: {
    'headers.csp.unrestricted': {
      meaning: 'No policy has script-src or default-src: any script runs.',
      fix: "Add script-src 'self', with a nonce where inline code is needed.",
    },
    'headers.csp.unsafe-inline': {
      meaning: "'unsafe-inline' without nonce or hash: injected inline code runs.",
      fix: 'Give inline scripts a nonce, or move them into files.',
    },
    'headers.csp.any-host': {
      meaning: 'A wildcard or a whole scheme: scripts of any host, or from data: URLs, run.',
      fix: 'Name the hosts, or use nonces with strict-dynamic.',
    },
    'headers.csp.unsafe-eval': {
      meaning: "'unsafe-eval': text becomes code.",
      fix: "Build without eval (a bundler's production mode), or use 'wasm-unsafe-eval' for WebAssembly alone.",
    },
    'headers.csp.strict-dynamic-alone': {
      meaning: "'strict-dynamic' without nonce or hash: browsers block every script of the page.",
      fix: 'Add the nonce, or remove strict-dynamic.',
    },
    'headers.csp.bypass': {
      meaning: 'An allowed host serves JSONP or an old Angular, with which any code can be run from it.',
      fix: 'Serve the library yourself, or allow the one path, or use nonces.',
    },
    'headers.csp.shared-wildcard': {
      meaning: 'A wildcard over names that anybody can have (*.github.io, *.cloudfront.net): whoever gets one serves scripts to the page.',
      fix: 'Name the one host below it that is yours.',
    },
    'headers.csp.weak-nonce': { meaning: 'The nonce holds less than 128 bits.', fix: 'Make it of 16 random bytes or more, for every answer.' },
    'headers.csp.ip-source': { meaning: 'A host is named by its address, which browsers do not match beyond 127.0.0.1.', fix: 'Name the host.' },
    'headers.csp.unsafe-hashes': { meaning: "'unsafe-hashes' lets hashed text run as an event handler.", fix: 'Attach handlers from a script instead.' },
  },
  options: { minNonceBits: 128 },
  subjects: eachHost((host) => showsPages(host) && !declaredCsp(host).absent),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject, options }) => {
    const host = hostOf(subject)
    const basis = pageOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const { enforced } = policiesOf(seen)
    if (enforced.length === 0) return skip('not-applicable', 'no policy is enforced (headers/csp-present judges that)')
    const openings = scriptOpenings(enforced)
    const shown = enforced.map((policy) => policy.text).join(' , ')
    const finding = (grade: Finding['grade'], code: string, expected: string, received: string, severity?: Severity): Finding => ({
      grade,
      code,
      ...(severity === undefined ? {} : { severity }),
      evidence: evidenceOf(seen, 'scripts', expected, `${received}: ${shown.slice(0, 400)}`),
    })
    const findings: Finding[] = []
    // For scripts that is as good as no policy, and weighs as much (headers/csp-present): whoever has one for frames alone is not worse off than without.
    if (openings.unrestricted) findings.push(finding('fail', 'headers.csp.unrestricted', 'script-src or default-src', 'neither', 'medium'))
    else {
      if (openings.inline) findings.push(finding('fail', 'headers.csp.unsafe-inline', 'inline code only with nonce or hash', "'unsafe-inline'"))
      if (openings.schemes.length > 0)
        findings.push(
          finding('fail', 'headers.csp.any-host', 'named hosts, nonces or hashes', `any source under ${openings.schemes.map((one) => `${one}:`).join(' ')}`),
        )
      if (openings.blocked) findings.push(finding('fail', 'headers.csp.strict-dynamic-alone', 'a nonce or hash beside strict-dynamic', 'none'))
      if (openings.eval) findings.push(finding(declaredCsp(host).strict ? 'fail' : 'warn', 'headers.csp.unsafe-eval', 'no unsafe-eval', "'unsafe-eval'"))
      if (openings.unsafeHashes) findings.push(finding('warn', 'headers.csp.unsafe-hashes', 'no unsafe-hashes', "'unsafe-hashes'"))
      const weak = scriptNonces(enforced).filter(({ bits }) => bits < options.minNonceBits)
      for (const { bits } of weak) findings.push(finding('warn', 'headers.csp.weak-nonce', `${options.minNonceBits} bits or more`, `at most ${bits} bits`))
      for (const value of sharedWildcards(enforced)) findings.push(finding('warn', 'headers.csp.shared-wildcard', 'hosts of your own', value))
      // Every policy must allow it, so a host that one of them leaves out is harmless.
      const open = enforced.map(bypasses)
      const common = (open[0] ?? []).filter((value) => open.every((list) => list.includes(value)))
      for (const value of common) findings.push(finding('warn', 'headers.csp.bypass', 'hosts without JSONP or old Angular', value))
      for (const value of new Set(enforced.flatMap(numericHosts))) findings.push(finding('warn', 'headers.csp.ip-source', 'hosts by name', value))
    }
    findings.push({ grade: 'pass', evidence: evidenceOf(seen, 'scripts', 'restricted to named hosts, nonces or hashes', shown.slice(0, 400)) })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: ['D9'],
})
