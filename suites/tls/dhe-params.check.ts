import { defineCheck, hostOf } from '../../helpers/check.ts'
import { readDhParameters } from '../../helpers/grammar/dh-parameters.ts'
import { suiteName } from '../../helpers/grammar/tls-names.ts'
import type { TlsHelloObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { tls12Look, weakSuites } from '../../helpers/probes/tls-plan.ts'
import { type Finding, inconclusive, pass, worst } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'
import { isClass, suitesEvidence } from './suites.ts'

/** Logjam: what academics break (512 to 768 bits), and what states are believed to (1,024). */
const BROKEN_BITS = 1_024
const SOUND_BITS = 2_048
const LASTING_BITS = 3_072

/** Everything about one prime, worst first; `undefined` where the flight shows none. */
function judgePrime({ flight: { hello, keyExchange }, peer, at }: TlsHelloObservation): Finding | undefined {
  if (keyExchange?.kind !== 'dhe' || hello === undefined) return undefined
  const { bits, name, prime, generator, trivialKey } = readDhParameters(keyExchange.prime, keyExchange.generator, keyExchange.publicValue)
  const title = `${bits} bits${name === undefined ? '' : `, ${name}`}`
  const evidence = (received: string) => ({
    what: `Diffie-Hellman prime of ${suiteName(hello.cipher)}`,
    expected: `none, or ≥ ${SOUND_BITS} bits, a safe prime`,
    received: `${title}: ${received}`,
    where: peer,
    at,
  })
  const bad = (code: string, received: string, severity: 'critical' | 'medium'): Finding => ({ grade: 'fail', code, evidence: evidence(received), severity })
  if (prime === 'composite') return bad('tls.dhe.composite', 'the modulus is not prime', 'critical')
  if (generator === 'trivial') return bad('tls.dhe.generator', 'the generator generates nothing', 'critical')
  if (generator === 'smooth') return bad('tls.dhe.generator', 'the order of the generator has small factors only', 'critical')
  if (trivialKey) return bad('tls.dhe.generator', 'the public value gives the secret away', 'critical')
  if (bits < BROKEN_BITS) return bad('tls.dhe.short', 'short enough to be broken by anybody', 'critical')
  if (bits === BROKEN_BITS && name !== undefined) return bad('tls.dhe.common', 'shared by very many servers: breaking it once breaks them all', 'critical')
  if (bits < SOUND_BITS) return bad('tls.dhe.short', 'too short', 'medium')
  const lasting = prime === 'safe' && name !== undefined && bits >= LASTING_BITS
  const said =
    prime === 'untested' ? 'larger than clients take, not tested' : prime === 'safe' ? 'a safe prime' : 'prime, but not safe: clients cannot check the subgroup'
  return { grade: 'warn', code: 'tls.dhe.offered', evidence: evidence(said), severity: lasting ? 'low' : 'medium' }
}

export default defineCheck({
  id: 'tls/dhe-params',
  title: 'Finite-field Diffie-Hellman is not used',
  failureTitle: 'Finite-field Diffie-Hellman is accepted',
  why: 'Its strength is that of a prime the server brings, which clients cannot check: short, shared, composite and rigged ones have all been served. Elliptic curves have no such choice.',
  source: 'RFC 9325 §4.2.1; RFC 7919; Logjam (CVE-2015-4000); TLSRef 6.0 (no DHE)',
  severity: 'medium',
  codes: {
    'tls.dhe.composite': {
      meaning: 'The modulus is no prime number.',
      fix: 'Remove DHE suites; a parameter file that came from elsewhere must be thrown away.',
    },
    'tls.dhe.generator': {
      meaning: 'The generator or the public value lies in a small subgroup: the secret can be computed.',
      fix: 'Remove DHE suites, or use a group of RFC 7919 (nginx: no ssl_dhparam, ECDHE suites only).',
    },
    'tls.dhe.common': {
      meaning: 'A prime of 1,024 bits that very many servers share.',
      fix: 'Remove DHE suites (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
    'tls.dhe.short': {
      meaning: 'A prime of less than 2,048 bits.',
      fix: 'Remove DHE suites (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20).',
    },
    'tls.dhe.offered': {
      meaning: 'DHE suites are accepted, with a prime that is long enough.',
      fix: 'Remove DHE suites: every client that knows them knows ECDHE, and they invite costly handshakes (D(HE)at, CVE-2002-20001).',
    },
    'tls.dhe.unread': { meaning: 'A DHE suite is accepted, but its parameters could not be read.', fix: 'Remove DHE suites.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { tls12: attempt(tls12Look(asked)), weak: attempt(weakSuites(asked)) }
  },
  judge: ({ tls12, weak }) => {
    const isDhe = isClass('dhe')
    const { proof, evidence } = suitesEvidence(weak, isDhe, 'suites with finite-field Diffie-Hellman')
    const flights = [...(tls12.ok ? [tls12.value.best] : []), ...(weak.ok ? weak.value.accepted.map(({ answer }) => answer) : [])]
    const findings: Finding[] = flights.flatMap((flight) => judgePrime(flight) ?? [])
    if (proof.result === 'accepted' && findings.length === 0) findings.push({ grade: 'warn', code: 'tls.dhe.unread', evidence })
    if (findings.length > 0) return worst(findings)
    return proof.result === 'refused' ? pass(evidence) : inconclusive('unobserved', `neither accepted nor refused: ${proof.how}`, evidence)
  },
  reproduce: openssl(['-tls1_2', '-cipher', 'DHE:@SECLEVEL=0']),
  covers: ['C2', 'D1'],
})
