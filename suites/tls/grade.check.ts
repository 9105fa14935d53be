import { defineCheck, hostOf } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { suiteClass } from '../../helpers/grammar/tls-names.ts'
import type { HttpChain } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { suitesHello, WEAK_SUITES } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { type Posture, type PostureSeen, postureNeeds, postureOf } from './posture.ts'
import { DAY_MS, datesHold, judgedPath, noHosts, seenAt, showHello, tlsHosts } from './shared.ts'

/** Best first; `T`: not trusted, `M`: for another name. */
const GRADES = ['A+', 'A', 'A-', 'B', 'C', 'D', 'E', 'F', 'T', 'M'] as const
type Grade = (typeof GRADES)[number]
const HSTS_SECONDS = (180 * DAY_MS) / 1000

/** The guide's tables: 30 % protocol, 30 % key exchange, 40 % suite, each from 0 to 100. */
const PROTOCOL: Readonly<Record<number, number>> = { 0x0300: 80, 0x0301: 90, 0x0302: 95, 0x0303: 100, 0x0304: 100 }
/** An elliptic-curve key counts as the RSA key of the same strength (NIST SP 800-57 part 1, table 2). */
const EQUIVALENT = [
  [521, 15_360],
  [384, 7_680],
  [256, 3_072],
  [224, 2_048],
] as const
function keyScore(bits: number): number {
  if (bits >= 4_096) return 100
  if (bits >= 2_048) return 90
  if (bits >= 1_024) return 80
  return bits >= 512 ? 40 : 20
}
const suiteScore = (bits: number): number => (bits >= 256 ? 100 : bits >= 128 ? 80 : bits > 0 ? 20 : 0)
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : (Math.min(...values) + Math.max(...values)) / 2)

function hstsLong(document: Observed<HttpChain>): boolean {
  const last = document.ok ? document.value.hops.at(-1) : undefined
  const value = last === undefined ? undefined : headerValues(last.headers, 'strict-transport-security')[0]
  const read = value === undefined ? undefined : readStrictTransportSecurity(value)
  return read?.ok === true && read.maxAge >= HSTS_SECONDS
}

/** The grade, and what lowered it, worst first. */
export function gradeOf(
  seen: PostureSeen,
  posture: Posture,
  fqdn: string,
  now: Date,
): { readonly grade: Grade; readonly score: number; readonly why: readonly string[] } {
  const leaf = seen.paths.served[0] ?? seen.tls.chain[0]
  const classes = new Set(posture.suites.map(suiteClass))
  const aboveTls10 = posture.versions.some((version) => version >= 0x0302)
  const keyBits =
    leaf === undefined
      ? 0
      : leaf.key.type === 'rsa' || leaf.key.type === 'dsa'
        ? leaf.key.bits
        : (EQUIVALENT.find(([bits]) => leaf.key.bits >= bits)?.[1] ?? 512)
  const exchange = classes.has('anonymous') ? 0 : classes.has('export') ? 40 : keyScore(Math.min(keyBits, posture.dhBits ?? keyBits))
  const score = Math.round(
    0.3 * mean(posture.versions.map((version) => PROTOCOL[version] ?? 0)) +
      0.3 * exchange +
      0.4 * mean(posture.suites.map(({ strengthBits }) => suiteScore(strengthBits))),
  )
  const lowered: (readonly [Grade, string])[] = [
    [score >= 80 ? 'A' : score >= 65 ? 'B' : score >= 50 ? 'C' : score >= 35 ? 'D' : score >= 20 ? 'E' : 'F', `${score} of 100 points`],
  ]
  const cap = (grade: Grade, when: boolean, why: string): void => void (when && lowered.push([grade, why]))
  const path = judgedPath(seen.paths, now)
  cap('M', leaf !== undefined && !matchServerName(fqdn, leaf).matches, 'the certificate is for another name')
  cap('T', seen.paths.paths.length === 0 && seen.paths.fetched?.result !== 'completes', 'no path to a trusted root')
  cap(
    'T',
    path.some((one) => !datesHold(one, now)),
    'a certificate of the path is out of its dates',
  )
  cap(
    'T',
    path.some(({ signature }) => signature.hash === 'SHA-1'),
    'a SHA-1 signature',
  )
  cap(
    'F',
    path.some(({ signature }) => signature.hash === 'MD5'),
    'an MD5 signature',
  )
  cap('F', classes.has('export'), 'an export suite is accepted')
  cap('F', classes.has('null') || classes.has('anonymous'), 'a suite without encryption or without authentication is accepted')
  cap(
    'F',
    posture.suites.some(({ strengthBits }) => strengthBits > 0 && strengthBits < 112),
    'a suite below 112 bits is accepted',
  )
  cap('F', posture.versions.length > 0 && Math.max(...posture.versions) === 0x0300, 'SSL 3.0 is the best there is')
  cap('C', !posture.versions.some((version) => version >= 0x0303), 'no TLS 1.2')
  cap('C', posture.deflate, 'TLS compression (CRIME)')
  cap(
    'C',
    aboveTls10 && posture.suites.some(({ encryption }) => encryption.startsWith('RC4') || encryption.startsWith('3DES')),
    'RC4 or 3DES with TLS 1.1 or newer',
  )
  cap('C', posture.versions.includes(0x0300), 'SSL 3.0 is accepted (POODLE)')
  cap('B', posture.versions.includes(0x0301) || posture.versions.includes(0x0302), 'TLS 1.0 or 1.1 is accepted')
  cap('B', seen.paths.paths.length === 0 && seen.paths.fetched?.result === 'completes', 'the chain is not complete')
  cap(
    'B',
    posture.suites.some(({ encryption }) => encryption.startsWith('RC4')),
    'RC4 is accepted',
  )
  cap('B', !posture.suites.some(({ keyExchange }) => keyExchange === 'ECDHE' || keyExchange === 'DHE' || keyExchange === 'any'), 'no forward secrecy')
  cap('B', !posture.suites.some(({ mode }) => mode === 'aead'), 'no AEAD suite')
  cap('B', (posture.dhBits ?? 4_096) < 2_048 || (keyBits > 0 && keyBits < 2_048), 'a key or prime below 2,048 bits')
  cap('A-', !posture.versions.includes(0x0304), 'no TLS 1.3')
  cap('A-', posture.secureRenegotiation === false, 'no secure renegotiation')
  lowered.sort(([a], [b]) => GRADES.indexOf(b) - GRADES.indexOf(a))
  const worst = (lowered[0] as readonly [Grade, string])[0]
  if (worst === 'A' && hstsLong(seen.document)) return { grade: 'A+', score, why: [`${score} of 100 points`, 'HSTS for six months or more'] }
  return { grade: worst, score, why: lowered.filter(([grade]) => grade !== 'A').map(([, why]) => why) }
}

export default defineCheck({
  id: 'tls/grade',
  title: 'The TLS grade is at least the declared one',
  failureTitle: 'The TLS grade is below the declared one',
  why: 'One letter is what people compare and put into contracts. It follows from the other verdicts, which say what to change.',
  source: 'SSL Labs Server Rating Guide 2009r (2025-05-16), its scores and caps as far as they can be seen from here: an SSL-Labs-style grade, not theirs',
  severity: 'info',
  codes: {
    'tls.grade.below': {
      meaning: 'The grade is lower than tls.grade of the target asks.',
      fix: 'The reasons stand beside the grade; each has a check of its own with a fix.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => postureNeeds(hostOf(subject)),
  judge: (seen, { subject, now }) => {
    const { fqdn, tls } = hostOf(subject)
    const posture = postureOf(seen)
    const { grade, why } = gradeOf(seen, posture, fqdn, now)
    const received = `${grade}${why.length === 0 ? '' : `: ${why.join('; ')}`}${posture.unknown.length === 0 ? '' : ` (at best; not told: ${posture.unknown.join('; ')})`}`
    const evidence = seenAt(
      seen.tls,
      'SSL-Labs-style grade (2009r)',
      tls.grade === undefined ? 'information: the target declares no tls.grade' : `${tls.grade} or better`,
      received,
    )
    if (tls.grade === undefined) return skip('not-declared', 'the target declares no tls.grade; the evidence says which it would be', evidence)
    if (GRADES.indexOf(grade) > GRADES.indexOf(tls.grade)) return fail('tls.grade.below', evidence)
    if (posture.unknown.length > 0) return inconclusive('unobserved', `not everything could be told: ${posture.unknown.join('; ')}`, evidence)
    return pass(evidence)
  },
  reproduce: showHello((asked) => suitesHello(asked, WEAK_SUITES, 'weak suites')),
  clockSensitive: true,
})
