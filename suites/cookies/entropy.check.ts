import { defineCheck, hostOf } from '../../helpers/check.ts'
import { contentOf, guessability } from '../../helpers/grammar/cookie-value.ts'
import type { CookieSample } from '../../helpers/probes/cookies.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { conclude, cookiesOf, curl, everyHost, evidenceOf, type Found, noHosts, samples } from './shared.ts'

/** Two visits may differ by luck; three that count up do not. */
const FEWEST = 3
/** Below this length one value for all is no identifier. */
const SHORTEST = 16
const IDENTITY = /"(?:user(?:_?(?:id|name))?|uid|id|e?mail|role|roles|account|login|is_?admin|admin)"\s*:\s*(?!null|""|false|0\b|\[\]|\{\})/i

/** The cookies of one name over the visits of one URL, in order. */
function byName(sample: CookieSample, all: (responses: CookieSample['visits']) => readonly Found[]): ReadonlyMap<string, readonly Found[]> {
  const sessions = sample.visits.flatMap((visit) => {
    // Of a cookie set twice by one answer the last one stays.
    const last = new Map(all([visit]).map((found) => [found.cookie.name, found]))
    return [...last.values()]
  })
  return Map.groupBy(
    sessions.filter((found) => found.role === 'session' && found.expiry.kind !== 'deletion' && found.cookie.value !== ''),
    (found) => found.cookie.name,
  )
}

export default defineCheck({
  id: 'cookies/entropy',
  title: 'Session identifiers cannot be guessed',
  failureTitle: 'A session identifier can be guessed',
  why: 'Whoever guesses one is signed in as somebody else.',
  source: 'OWASP ASVS 7.2.3 (128 bits); OWASP Session Management (64 bits at least); WSTG-SESS-01',
  severity: 'high',
  codes: {
    'cookies.entropy.constant': {
      meaning: 'Fresh visitors get the same session identifier.',
      fix: 'Draw it anew for each visitor; keep answers that set it out of caches.',
    },
    'cookies.entropy.ordered': {
      meaning: 'Session identifiers count up or follow the clock.',
      fix: 'Draw them from the random generator of the operating system, 16 bytes or more.',
    },
    'cookies.entropy.short': { meaning: 'Too little of the session identifier varies.', fix: 'Draw 16 random bytes or more.' },
    'cookies.entropy.unsigned': { meaning: 'The cookie says in clear who the visitor is, with no signature.', fix: 'Keep it on the server, or sign it.' },
  },
  // Random UUIDs (122 bits) and the 120 bits of ASP.NET are as good as 128.
  options: { warnBits: 112, failBits: 64 },
  subjects: everyHost,
  unless: noHosts,
  needs: samples,
  judge: (seen, { subject, target, options }) => {
    const findings: Finding[] = []
    const few: string[] = []
    for (const sample of seen.samples) {
      for (const [name, all] of byName(sample, (responses) => cookiesOf(responses, hostOf(subject), target))) {
        const first = all[0] as Found
        const values = all.map((found) => found.cookie.value)
        const content = contentOf(values[0] as string)
        if (content.data) {
          const identity = !content.signed && content.texts.some((text) => IDENTITY.test(text))
          findings.push({
            grade: identity ? 'fail' : 'pass',
            code: 'cookies.entropy.unsigned',
            evidence: evidenceOf(
              first,
              'an identifier, or signed data',
              `${name} carries ${content.signed ? 'signed' : 'unsigned'} data${identity ? ' that names the visitor' : ' that names nobody'}`,
            ),
          })
          continue
        }
        const named = first.declared.some((entry) => entry.name === name && entry.session === true)
        // One short word for everybody is a setting whose name sounds like a session's.
        if (!named && values.length >= FEWEST && new Set(values).size === 1 && (values[0] as string).length < SHORTEST) continue
        if (values.length < FEWEST) {
          // One copy may be all there is: other visits were refused or set none.
          few.push(`${name} of ${sample.url} was set ${values.length} times in ${sample.visits.length} visits`)
          continue
        }
        const { bits, repeats, ordered } = guessability(values)
        const expected = `≥ ${options.warnBits} bits that vary, in no order`
        const evidence = evidenceOf(
          first,
          expected,
          `${name}, ${values.length} fresh visits: ${repeats ? 'the same value again' : `at most ${bits} bits vary${ordered ? ', in order' : ''}`}`,
        )
        if (repeats) findings.push({ grade: 'fail', code: 'cookies.entropy.constant', evidence })
        else if (ordered) findings.push({ grade: 'fail', code: 'cookies.entropy.ordered', evidence })
        else if (!(bits >= options.failBits)) findings.push({ grade: 'fail', code: 'cookies.entropy.short', evidence })
        else if (!(bits >= options.warnBits)) findings.push({ grade: 'warn', code: 'cookies.entropy.short', evidence })
        else findings.push({ grade: 'pass', evidence })
      }
    }
    if (few.length > 0 && !findings.some((finding) => finding.grade === 'fail'))
      return inconclusive('unobserved', few.join('; '), [
        ...findings.map((finding) => finding.evidence),
        ...few.map((what) => ({ what: 'session identifiers', expected: `${FEWEST} or more to compare`, received: what })),
      ])
    return conclude(findings, seen.looks)
  },
  reproduce: curl,
  covers: ['E4'],
})
