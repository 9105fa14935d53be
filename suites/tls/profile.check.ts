import { defineCheck, hostOf } from '../../helpers/check.ts'
import { versionName } from '../../helpers/grammar/tls-names.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { postureNeeds, postureOf, weakOf } from './posture.ts'
import { leafOf, lifetimeDays, noHosts, seenAt, showHello, tlsHosts } from './shared.ts'
import { suitesHello, WEAK_SUITES } from '../../helpers/probes/tls-plan.ts'

/** TLSRef 6.0; its list is compared as what may be there, never as what must: fewer and stronger is as good (rules §1.2). */
const PROFILE = {
  intermediate: { versions: [0x0303, 0x0304], name: 'TLSRef 6.0 intermediate' },
  modern: { versions: [0x0304], name: 'TLSRef 6.0 modern' },
} as const
const INTERMEDIATE_SUITES: ReadonlySet<string> = new Set(
  ['ECDSA', 'RSA'].flatMap((key) => ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((rest) => `ECDHE-${key}-${rest}`)),
)
const GROUPS: ReadonlySet<string> = new Set(['X25519MLKEM768', 'X25519', 'prime256v1', 'P-256', 'secp384r1', 'P-384'])
const MOST_DAYS = 366

export default defineCheck({
  id: 'tls/profile',
  title: 'TLS is configured as the declared profile says',
  failureTitle: 'TLS accepts more than the declared profile allows',
  why: 'A profile is what a configuration is reviewed against; what goes beyond it was never looked at by whoever signed it.',
  source: 'TLSRef 6.0 (which replaces the generator that Mozilla archived on 2026-05-28)',
  severity: 'medium',
  codes: {
    'tls.profile.weaker': {
      meaning: 'A version, a suite, a group or a lifetime is accepted that the declared profile does not have.',
      fix: 'Set versions and suites from the profile (nginx: ssl_protocols and ssl_ciphers), or declare another one.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => postureNeeds(hostOf(subject)),
  judge: (seen, { subject }) => {
    const declared = hostOf(subject).tls.profile
    const wanted = PROFILE[declared ?? 'intermediate']
    const posture = postureOf(seen)
    const leaf = leafOf(seen.tls)
    const beyond = [
      ...posture.versions.filter((version) => !(wanted.versions as readonly number[]).includes(version)).map(versionName),
      ...posture.suites.filter((suite) => suite.keyExchange !== 'any' && !INTERMEDIATE_SUITES.has(suite.openssl)).map((suite) => suite.openssl),
      ...(seen.tls.group === undefined || GROUPS.has(seen.tls.group) || weakOf(posture).length === 0 ? [] : [seen.tls.group]),
      ...(leaf !== undefined && lifetimeDays(leaf) > MOST_DAYS ? [`a certificate for more than ${MOST_DAYS} days`] : []),
    ]
    const fewer = [
      ...wanted.versions.filter((version) => !posture.versions.includes(version)).map((version) => `no ${versionName(version)}`),
      ...(seen.tls.group === 'X25519MLKEM768' ? [] : ['no X25519MLKEM768']),
    ]
    const evidence = seenAt(
      seen.tls,
      `compared with ${wanted.name}`,
      declared === undefined ? 'information: the target declares no tls.profile' : 'nothing beyond it',
      `${beyond.length === 0 ? 'nothing beyond it' : `beyond it: ${beyond.join(', ')}`}${fewer.length === 0 ? '' : `; not used of it: ${fewer.join(', ')}`}`,
    )
    if (declared === undefined) return skip('not-declared', 'the target declares no tls.profile; the evidence compares with the intermediate one', evidence)
    if (beyond.length > 0) return fail('tls.profile.weaker', evidence)
    if (posture.unknown.length > 0) return inconclusive('unobserved', `not everything could be told: ${posture.unknown.join('; ')}`, evidence)
    return pass(evidence)
  },
  reproduce: showHello((asked) => suitesHello(asked, WEAK_SUITES, 'weak suites')),
})
