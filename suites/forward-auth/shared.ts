/** What the checks of a login in front of hosts share. */
import { curlFor, type CurlOptions, secretWord } from '../../helpers/reproduce.ts'
import { hostOf, type Subject } from '../../helpers/check.ts'
import type { StatesFigure } from '../../helpers/figure.ts'
import { type Answer, type Guarded, gatewaysOf, type Sending } from '../../helpers/probes/forward-auth.ts'
import type { Target } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'

/** Every host behind a declared login. */
export const eachGuarded =
  (keep: (guarded: Guarded) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    gatewaysOf(target)
      .filter(keep)
      .flatMap((guarded) => guarded.hosts.map((host) => ({ name: host.fqdn, host, item: guarded })))

/** Every declared login, named by its hosts. */
export const eachGateway =
  (keep: (guarded: Guarded) => boolean) =>
  (target: Target): readonly Subject[] =>
    gatewaysOf(target)
      .filter((guarded) => guarded.hosts.length > 0 && keep(guarded))
      .map((guarded) => ({ name: guarded.hosts.map(({ fqdn }) => fqdn).join(', '), item: guarded }))

export const guardedOf = (subject: Subject): Guarded => subject.item as Guarded
export const undeclared = (what: string) => ({ skip: 'not-declared' as const, reason: `the target declares no ${what} (forwardAuth, hosts.*.access)` })

const shown = (answer: Answer): string =>
  answer.failure === undefined
    ? `${[String(answer.status), answer.mediaType, answer.location === undefined ? undefined : `to ${answer.location}`].filter((part) => part !== undefined).join(' ')}${answer.shape === '' ? '' : `: ${answer.shape}`}`
    : `${answer.failure.message} (${answer.failure.code})`
export const evidence = (answer: Answer, expected: string, received = shown(answer)): Evidence => ({
  what: answer.what,
  expected,
  received,
  where: `${answer.method} ${answer.url}`,
  at: answer.at,
})
/** Both answers are one document, but for values that change from answer to answer. */
export const sameBody = (a: Answer, b: Answer): boolean => a.bodyHash === b.bodyHash || (a.gist !== undefined && a.gist === b.gist)
export const succeeded = (answer: Answer): boolean => answer.status >= 200 && answer.status < 300

export function unanswered(answers: readonly (Answer | undefined)[]): Verdict | undefined {
  const bad = answers.find((answer) => answer !== undefined && (answer.failure !== undefined || answer.obstacle !== undefined))
  if (bad === undefined) return undefined
  return inconclusive(
    'unobserved',
    bad.failure === undefined ? `${bad.obstacle ?? 'something'} answered instead of the gateway` : bad.failure.message,
    evidence(bad, 'an answer of the gateway'),
  )
}

/** Patterns of the target for where visitors are sent: a whole URL, or its beginning with * behind it. */
export function isLogin(location: string | undefined, { gateway, hosts }: Guarded, target: Target): boolean {
  if (location === undefined) return false
  // Nothing is declared: another host, or another path than the one that was asked for.
  if (gateway.login.length === 0) return hosts.every(({ fqdn, path }) => location !== `https://${fqdn}${path}`)
  return gateway.login.some((pattern) => {
    const text = pattern.replaceAll('{domain}', target.domain)
    const bases = text.startsWith('/') ? hosts.map(({ fqdn }) => `https://${fqdn}${text}`) : [text]
    return bases.some((base) => (base.endsWith('*') ? location.startsWith(base.slice(0, -1)) : location === base || location.startsWith(`${base}?`)))
  })
}
export const logins = ({ gateway }: Guarded, target: Target): string =>
  gateway.login.map((one) => one.replaceAll('{domain}', target.domain)).join(' or ') || 'a login'

const REDIRECTS: ReadonlySet<number> = new Set([302, 303, 307])
/**
 * The answer keeps its visitor out: a redirect to the login, 401, 403, another refusal, or the login page itself in place of the document. A redirect
 * within the host that only tidies the path up keeps nobody in either.
 */
export function keepsOut(seen: Sending): boolean {
  const { answer } = seen
  if (answer.failure !== undefined) return false
  if (REDIRECTS.has(answer.status) || answer.status === 301 || answer.status === 308) return true
  if (answer.status >= 400 && answer.status < 500) return true
  if (succeeded(answer) && answer.bytes === 0 && answer.method === 'OPTIONS') return true
  return succeeded(answer) && seen.loginPage
}

/** One finding for each look: kept out, let in, or broken. */
export const kept = (seen: readonly Sending[], codes: { readonly open: string; readonly error?: string }): readonly Finding[] =>
  seen
    .filter(({ answer }) => answer.failure === undefined && answer.obstacle === undefined)
    .map((one): Finding => {
      if (one.answer.status >= 500)
        return codes.error === undefined
          ? { grade: 'pass', evidence: evidence(one.answer, 'kept out') }
          : { grade: 'fail', code: codes.error, evidence: evidence(one.answer, 'kept out'), severity: 'medium' }
      return keepsOut(one)
        ? { grade: 'pass', evidence: evidence(one.answer, 'kept out') }
        : { grade: 'fail', code: codes.open, evidence: evidence(one.answer, 'kept out') }
    })

/** A transition of the picture, with its verdict. */
export const moved = (from: string, to: string, label: string, { grade, evidence: item }: Finding): StatesFigure['transitions'][number] => ({
  from,
  to,
  label,
  outcome: grade,
  note: item.received.slice(0, 80),
})

export const concluded = (findings: readonly Finding[]): Verdict =>
  findings.length === 0 ? inconclusive('unobserved', 'nothing was answered') : worst(findings)

export const curlHost = (subject: Subject, target: Target, options: CurlOptions = {}, path = '/'): string =>
  curlFor(target, `https://${hostOf(subject).fqdn}${path}`, options)
export const curlSignIn = (subject: Subject, target: Target): string => {
  const { gateway, hosts } = guardedOf(subject)
  const url = (gateway.signIn?.url ?? `https://${hosts[0]?.fqdn ?? ''}/`).replaceAll('{domain}', target.domain)
  const body = Object.entries(gateway.signIn?.form ?? {})
    .map(([name, value]) => `${name}=${value.replace('{username}', '{USERNAME}').replace('{password}', '{PASSWORD}')}`)
    .join('&')
  const line = curlFor(target, url, gateway.signIn?.form === undefined ? { flags: ['-sS', '-i'] } : { method: 'POST', body, flags: ['-sS', '-i'] })
  return line
    .replaceAll('{USERNAME}', `'${secretWord(target, gateway.signIn?.account.username, 'USERNAME')}'`)
    .replaceAll('{PASSWORD}', `'${secretWord(target, gateway.signIn?.account.password, 'PASSWORD')}'`)
}
