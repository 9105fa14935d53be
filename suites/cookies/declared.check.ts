import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { attempt, type Observed, type ProbeFailure } from '../../helpers/probe.ts'
import type { CookieLooks } from '../../helpers/probes/cookies.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, type Severity, skip, type Verdict, worst } from '../../helpers/verdict.ts'
import { concerns, conclude, type CookieEntry, cookiesOf, evidenceOf, type Found, lookedAt, looksOf, pathOf, roleOf, shown } from './shared.ts'

const entryOf = (subject: Subject): CookieEntry => subject.item as CookieEntry
const plain = (domain: string): string => domain.replace(/^\./, '').toLowerCase()
const hostsOf = (subject: Subject, target: Target): readonly Host[] =>
  subject.host === undefined ? target.hosts.filter((host) => concerns(entryOf(subject), host)) : [subject.host]

/** One subject per host that is named, one for a cookie that any host may set, one per host for `*`. */
function subjects(target: Target): readonly Subject[] {
  const all = (target.file.cookies ?? []).flatMap((entry): readonly Subject[] =>
    entry.name === '*' || Array.isArray(entry.hosts)
      ? target.hosts.filter((host) => concerns(entry, host)).map((host) => ({ name: `${host.fqdn} ${entry.name}`, host, item: entry }))
      : [{ name: `cookie ${entry.name}`, item: entry }],
  )
  return all.map((subject, index) => {
    const earlier = all.slice(0, index).filter((other) => other.name === subject.name).length
    return earlier === 0 ? subject : { ...subject, name: `${subject.name} (${earlier + 1})` }
  })
}

type Attribute = 'secure' | 'httpOnly' | 'sameSite' | 'domain' | 'hostOnly' | 'maxAge' | 'cookiePath'

/** Every attribute that the entry demands of a cookie; `*` leaves to an entry by name what that one says. */
function compare(entry: CookieEntry, found: Found, target: Target): readonly Finding[] {
  const { cookie, expiry, declared } = found
  const findings: Finding[] = []
  const own = (attribute: Attribute): boolean =>
    entry[attribute] !== undefined && (entry.name !== '*' || !declared.some((other) => other.name !== '*' && other[attribute] !== undefined))
  const add = (holds: boolean, code: string, expected: string, severity?: Severity): void =>
    void findings.push({
      grade: holds ? 'pass' : 'fail',
      code,
      evidence: evidenceOf(found, expected),
      ...(holds || severity === undefined ? {} : { severity }),
    })
  // Declared without Secure means that it may be without.
  if (own('secure') && entry.secure === true) add(cookie.secure, 'cookies.declared.secure', 'Secure')
  if (own('httpOnly'))
    add(cookie.httpOnly === entry.httpOnly, 'cookies.declared.httponly', entry.httpOnly === true ? 'HttpOnly' : 'no HttpOnly: scripts read it', 'medium')
  if (own('sameSite')) {
    const wanted = [entry.sameSite ?? []].flat()
    add(
      wanted.some((one) => one.toLowerCase() === cookie.sameSite),
      'cookies.declared.samesite',
      `SameSite=${wanted.join(' or ')}`,
    )
  }
  if (own('domain')) {
    const wanted = plain((entry.domain ?? '').replaceAll('{domain}', target.domain))
    add(cookie.domain === wanted, 'cookies.declared.domain', `Domain=${wanted}`)
  }
  if (own('hostOnly')) add((cookie.domain === undefined) === entry.hostOnly, 'cookies.declared.domain', entry.hostOnly === true ? 'no Domain' : 'a Domain')
  if (own('maxAge')) {
    const wanted = entry.maxAge ?? Number.NaN
    // Expires and renewals count from another second than ours.
    const holds = expiry.kind === 'persistent' && Math.abs(expiry.seconds - wanted) <= 60
    add(holds, 'cookies.declared.max-age', `Max-Age=${wanted}`, 'medium')
  }
  if (own('cookiePath')) add(pathOf(found) === entry.cookiePath, 'cookies.declared.path', `Path=${entry.cookiePath}`, 'medium')
  if (findings.length === 0) findings.push({ grade: 'pass', evidence: evidenceOf(found, 'is set', shown(found)) })
  return findings
}

/** Long enough to be no flag: what the name alone says. */
const ANY_VALUE = 'x'.repeat(32)

/** A declared cookie that nobody set: the declared path must set it, elsewhere we cannot know. */
function unseen(entry: CookieEntry, looked: readonly CookieLooks[], target: Target): Verdict {
  const answers = looked.flatMap(({ responses }) =>
    responses.filter((one) => entry.path !== undefined && new URL(one.url).pathname === new URL(entry.path, one.url).pathname),
  )
  const right = answers.find((one) => one.status >= 200 && one.status <= 399)
  if (right !== undefined)
    return {
      outcome: 'fail',
      code: 'cookies.declared.missing',
      evidence: [
        {
          what: `cookie ${entry.name}`,
          expected: `set by ${entry.path ?? ''}`,
          received: `status ${right.status} without it`,
          where: `${right.url} (${right.peer})`,
          at: right.at,
        },
      ],
    }
  if (entry.path === undefined && roleOf(entry.name, ANY_VALUE, [entry]) === 'session' && target.file.allow?.includes('login') !== true)
    return skip('not-authorised', `no stranger gets the cookie ${entry.name}; what a login sets needs allow: [login]`, looked.slice(0, 4).map(lookedAt))
  const why =
    answers[0] === undefined
      ? 'no answer that was looked at sets it; a cookie that only a login sets is not seen without one'
      : `its path answered ${answers[0].status}`
  return inconclusive('unobserved', `the declared cookie ${entry.name} was not seen: ${why}`, looked.slice(0, 4).map(lookedAt))
}

export default defineCheck({
  id: 'cookies/declared',
  title: 'Cookies are set as declared',
  failureTitle: 'A cookie is set otherwise than declared',
  why: 'What was agreed for sign-off: flags, scope and lifetime of every copy of the cookie, not only of the first.',
  source: 'cookies of the target; RFC 6265bis §4.1.2',
  severity: 'high',
  codes: {
    'cookies.declared.missing': {
      meaning: 'The declared path does not set the cookie.',
      fix: 'Look at the application, or correct path or name in the target.',
    },
    'cookies.declared.secure': { meaning: 'Secure is declared and missing.', fix: 'Set Secure; behind a proxy let the application trust X-Forwarded-Proto.' },
    'cookies.declared.httponly': { meaning: 'HttpOnly is otherwise than declared.', fix: 'Set the flag as declared.' },
    'cookies.declared.samesite': { meaning: 'SameSite is not the declared one.', fix: 'Set SameSite as declared.' },
    'cookies.declared.domain': {
      meaning: 'Domain is not the declared one.',
      fix: 'Set the cookie domain of the application; leave it out for a host-only cookie.',
    },
    'cookies.declared.max-age': { meaning: 'The lifetime is not the declared one.', fix: 'Set the session duration of the application.' },
    'cookies.declared.path': { meaning: 'Path is not the declared one.', fix: 'Set Path as declared, usually /.' },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'the target declares no cookies (cookies:)' },
  needs: (subject, target) => Object.fromEntries(hostsOf(subject, target).map((host) => [host.fqdn, attempt(looksOf(target, host))])),
  judge: (seen, { subject, target }) => {
    const entry = entryOf(subject)
    const looked: CookieLooks[] = []
    const findings: Finding[] = []
    const failures: ProbeFailure[] = []
    for (const host of hostsOf(subject, target)) {
      const looks = (seen as Record<string, Observed<CookieLooks>>)[host.fqdn]
      if (looks === undefined || !looks.ok) {
        if (looks !== undefined) failures.push(looks.failure)
        continue
      }
      looked.push(looks.value)
      for (const found of cookiesOf(looks.value.responses, host, target)) {
        const meant = entry.name === '*' ? found.role !== 'edge' : found.cookie.name === entry.name
        if (meant && found.expiry.kind !== 'deletion') findings.push(...compare(entry, found, target))
      }
    }
    const [first] = looked
    const missed = failures.map((one) => `${one.phase}: ${one.message} (${one.code})`).join('; ')
    if (first === undefined) return inconclusive('unobserved', missed || 'no host to ask')
    if (entry.name === '*') return conclude(findings, first)
    if (findings.length === 0) return unseen(entry, looked, target)
    const verdict = worst(findings)
    return missed === '' || verdict.outcome === 'fail'
      ? verdict
      : inconclusive('unobserved', `a host that may set it too was not seen: ${missed}`, verdict.evidence)
  },
  reproduce: (subject, target) => {
    const host = subject.host ?? hostsOf(subject, target)[0]
    const where = host ?? hostOf(subject)
    return curlFor(target, `https://${where.fqdn}${entryOf(subject).path ?? where.path}`, { flags: ['-sS', '-D', '-', '-o', '/dev/null'] })
  },
  covers: ['A52', 'B24', 'E3', 'E4'],
})
