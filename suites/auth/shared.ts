/** What the checks of sign-in share: whom they ask about, when an answer grants something, how it is shown. */
import { curlFor, givenWord, secretWord } from '../../helpers/reproduce.ts'
import { hostOf, type Subject } from '../../helpers/check.ts'
import type { StatesFigure } from '../../helpers/figure.ts'
import type { Answer, AttackGroup, AttacksSeen, LoginSeen, RefreshSeen } from '../../helpers/probes/auth.ts'
import { type Flowing, flowsOf, hostOfUrl } from '../../helpers/probes/auth.ts'
import type { Target } from '../../helpers/target.ts'
import type { AuthCall, AuthFlow } from '../../helpers/target/auth.ts'
import { type Evidence, type Finding, inconclusive, type Outcome, skip, type Verdict, worst } from '../../helpers/verdict.ts'

/** One verdict for each declared flow that `keep` accepts, named by its host and its name. */
export const eachFlow =
  (keep: (flow: AuthFlow) => boolean) =>
  (target: Target): readonly Subject[] =>
    flowsOf(target)
      .filter(({ flow }) => keep(flow))
      .map((one) => {
        const url =
          one.flow.login?.url ??
          one.flow.client?.tokenUrl ??
          one.flow.protected?.[0]?.url ??
          one.flow.forgot?.url ??
          one.flow.passwordPolicy?.endpoints[0]?.url ??
          ''
        const fqdn = hostOfUrl(url, target)
        const host = target.hosts.find((known) => known.fqdn === fqdn)
        return { name: `${fqdn} ${one.name}`, item: one, ...(host === undefined ? {} : { host }) }
      })

export const flowOf = (subject: Subject): Flowing => subject.item as Flowing
export const undeclared = (what: string) => ({ skip: 'not-declared' as const, reason: `the target declares no ${what} in \`auth\`` })
export const hasLogin = (flow: AuthFlow): boolean => flow.login !== undefined && flow.accounts !== undefined
export const hasToken = (flow: AuthFlow): boolean => hasLogin(flow) && flow.login?.accessToken !== undefined
export const hasReadable = (flow: AuthFlow): boolean => (flow.protected ?? []).some(({ method }) => method === undefined || method === 'GET')

export function shown(answer: Answer): string {
  if (answer.failure !== undefined) return `${answer.failure.message} (${answer.failure.code})`
  const parts = [String(answer.status), answer.mediaType, answer.location === undefined ? undefined : `to ${answer.location}`].filter(
    (part) => part !== undefined,
  )
  return `${parts.join(' ')}${answer.shape === '' ? '' : `: ${answer.shape}`}`
}
export const evidence = (answer: Answer, expected: string, received = shown(answer)): Evidence => ({
  what: answer.what,
  expected,
  received,
  where: `${answer.method} ${answer.url}`,
  at: answer.at,
})

export const succeeded = (answer: Answer): boolean => answer.status >= 200 && answer.status < 300
export const isOneOf = (status: number | readonly number[] | undefined, answer: Answer, otherwise: readonly number[]): boolean =>
  (status === undefined ? otherwise : [status].flat()).includes(answer.status)

/** Both answers are one document, but for values that change from answer to answer. */
export const sameBody = (a: Answer, b: Answer): boolean => a.bodyHash === b.bodyHash || (a.gist !== undefined && a.gist === b.gist)

/**
 * The answer gives what the right login got. Compared with the body that the right login got; a body that is another is a grant too where anybody
 * without a login is refused by status. Applications that refuse with 200 and words are known by what they say without a login.
 */
export function grants(answer: Answer, right: Answer, without: Answer): boolean {
  if (!succeeded(answer)) return false
  if (sameBody(answer, right) && !sameBody(right, without)) return true
  if (succeeded(without)) return false
  return answer.mediaType === right.mediaType || answer.method === 'HEAD'
}

/**
 * What opened a route before opens it still. Content that changes from answer to answer is told by how the route refuses whoever it does not know.
 * @returns undefined where it cannot be told: a page that is neither what the session saw nor what strangers see
 */
export function stillOpens(answer: Answer, before: Answer, stranger: Answer | undefined): boolean | undefined {
  if (!succeeded(answer)) return false
  if (stranger !== undefined && succeeded(stranger) && sameBody(answer, stranger))
    return answer.bodyHash === before.bodyHash && before.bodyHash !== stranger.bodyHash
  if (sameBody(answer, before)) return true
  // Strangers are refused by status, so what comes with success is content; a page may say in words that the session is over.
  return stranger === undefined || succeeded(stranger) || answer.html || answer.mediaType !== before.mediaType ? undefined : true
}
export const unclear = (answer: Answer): Verdict =>
  inconclusive(
    'unobserved',
    'the route answers with something that neither the session nor strangers got before',
    evidence(answer, 'refused, or what the session got before'),
  )

/** Nothing can be judged from answers that did not come, or that a limiter, a lock or a challenge gave. */
export function unanswered(answers: readonly (Answer | undefined)[]): Verdict | undefined {
  const bad = answers.find((answer) => answer !== undefined && (answer.failure !== undefined || answer.obstacle !== undefined))
  if (bad === undefined) return undefined
  const reason =
    bad.failure === undefined ? `${bad.obstacle ?? 'something'} answered "${bad.what}" instead of the application` : `"${bad.what}": ${bad.failure.message}`
  return inconclusive('unobserved', reason, evidence(bad, 'an answer of the application'))
}

/** Without a working login and a route that asks for it, what is refused says nothing. */
export function controlled(right: Answer | undefined, without: Answer | undefined, again?: Answer): Verdict | undefined {
  if (right === undefined || without === undefined)
    return inconclusive('misused', 'no protected route that can be read is declared, so nothing shows what a login opens')
  const broken = unanswered([right, without, ...(again === undefined ? [] : [again])])
  if (broken !== undefined) return broken
  if (!succeeded(right)) return inconclusive('unobserved', 'the right login does not open the protected route', evidence(right, '2xx with the right login'))
  if (succeeded(without) && sameBody(without, right))
    return inconclusive('unobserved', 'the route is not protected, so it shows nothing about logins', evidence(without, 'refused without a login'))
  if (again !== undefined && !succeeded(again))
    return inconclusive('unobserved', 'the right login stopped working in between', evidence(again, '2xx with the right login'))
  return undefined
}

/** Why a login cannot be judged further; its own check says what is wrong with it. */
export function noLogin(login: LoginSeen): Verdict | undefined {
  const broken = unanswered([login.answer])
  if (broken !== undefined) return broken
  if (login.accessToken || login.cookie) return undefined
  return inconclusive('unobserved', 'the login with the right password gave no session', evidence(login.answer, 'a token or cookie'))
}

const OUTCOMES: Readonly<Record<Finding['grade'], Outcome>> = { pass: 'pass', warn: 'warn', fail: 'fail' }

/** A transition of the picture. */
export const step = (from: string, to: string, finding: Finding): StatesFigure['transitions'][number] => ({
  from,
  to,
  label: finding.evidence.what,
  outcome: OUTCOMES[finding.grade],
  note: finding.evidence.received.slice(0, 80),
})
export const states = (title: string, transitions: StatesFigure['transitions']): StatesFigure => ({ kind: 'states', title, transitions })

/** The worst of findings, or why there are none. */
export const concluded = (findings: readonly Finding[], none: Verdict): Verdict => (findings.length === 0 ? none : worst(findings))

const BLANK = /\{([A-Z][A-Z0-9_]*)\}/g

/** curl for a declared call, its blanks as shell variables: no value of a secret stands in it. */
export function curl(
  target: Target,
  flow: AuthFlow,
  call: AuthCall,
  more: { readonly bearer?: boolean; readonly cookie?: boolean; readonly headers?: readonly (readonly [string, string])[]; readonly method?: string } = {},
): string {
  const account = flow.accounts?.[0]
  const blanks: Readonly<Record<string, string>> = {
    username: '{USERNAME}',
    password: '{PASSWORD}',
    newPassword: '{NEW_PASSWORD}',
    refreshToken: '{REFRESH_TOKEN}',
    accessToken: '{ACCESS_TOKEN}',
    random: '{RANDOM}',
  }
  const fill = (text: string): string => text.replace(/\{([a-z][A-Za-z]*)\}/g, (whole, name: string) => blanks[name] ?? whole)
  const body =
    call.json === undefined
      ? call.form === undefined
        ? undefined
        : Object.entries(call.form)
            .map(([name, value]) => `${name}=${fill(value)}`)
            .join('&')
      : fill(JSON.stringify(call.json))
  const method = more.method ?? call.method ?? (body === undefined ? 'GET' : 'POST')
  const headers: (readonly [string, string])[] = [
    ...(call.json === undefined ? [] : ([['Content-Type', 'application/json']] as const)),
    ...(more.bearer === true ? ([['Authorization', 'Bearer {ACCESS_TOKEN}']] as const) : []),
    ...(more.cookie === true ? ([['Cookie', `${flow.login?.cookie ?? 'session'}={SESSION}`]] as const) : []),
    ...(more.headers ?? []),
  ]
  const line = curlFor(target, call.url.replaceAll('{domain}', target.domain), {
    method,
    headers,
    flags: ['-sS', '-i'],
    ...(body === undefined || method === 'GET' ? {} : { body }),
  })
  const words: Readonly<Record<string, string>> = {
    USERNAME: secretWord(target, account?.username, 'USERNAME'),
    PASSWORD: secretWord(target, account?.password, 'PASSWORD'),
    NEW_PASSWORD: givenWord('NEW_PASSWORD', 'another password for this account'),
    RANDOM: '"$RANDOM"',
  }
  return line.replace(BLANK, (_whole, name: string) => `'${words[name] ?? givenWord(name, 'what signing in gave')}'`)
}

/** curl for the first protected route, with the session. */
export function curlRoute(target: Target, subject: Subject, more: Parameters<typeof curl>[3] = {}): string {
  const { flow } = flowOf(subject)
  const route = flow.protected?.find(({ method }) => method === undefined || method === 'GET') ?? flow.protected?.[0]
  return curl(
    target,
    flow,
    { url: route?.url ?? flow.login?.url ?? `https://${hostOf(subject).fqdn}/` },
    { ...(flow.login?.accessToken === undefined ? { cookie: true } : { bearer: true }), ...more },
  )
}
export const curlLogin = (subject: Subject, target: Target): string => {
  const { flow } = flowOf(subject)
  return flow.login === undefined ? curlRoute(target, subject) : curl(target, flow, flow.login)
}

/** The middle one; NaN of nothing. */
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length === 0 ? Number.NaN : sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2
}

interface Comparison {
  readonly difference: number
  /** Half of the width within which the difference is noise: max(50 ms, 3 median absolute deviations). */
  readonly tolerance: number
  readonly noisy: boolean
  readonly samples: number
  readonly differs: boolean
}
/** Below this a difference cannot be told from the weather on a network. */
const LEAST_MS = 50
const LEAST_SAMPLES = 5

/**
 * Whether two kinds of answer take different time: the first of each is dropped (it warms something up), medians are compared, and the values of one
 * kind must lie to one side of nearly all of the other (a Mann-Whitney statistic of 0.9 and more). undefined: too few to say.
 */
function compared(a: readonly Answer[], b: readonly Answer[]): Comparison | undefined {
  const [left, right] = [a.slice(1).map(({ ms }) => ms), b.slice(1).map(({ ms }) => ms)]
  const samples = Math.min(left.length, right.length)
  if (samples < LEAST_SAMPLES) return undefined
  const deviation = (values: readonly number[]): number => median(values.map((value) => Math.abs(value - median(values))))
  const difference = median(left) - median(right)
  const spread = 3 * Math.max(deviation(left), deviation(right))
  const tolerance = Math.max(LEAST_MS, spread)
  const above = left.flatMap((x) => right.map((y) => (x > y ? 1 : x === y ? 0.5 : 0))).reduce<number>((sum, one) => sum + one, 0) / (left.length * right.length)
  const apart = above >= 0.9 || above <= 0.1
  // Work that is always done is in the fastest answer too; what a busy network or machine adds is not.
  const floor = Math.min(...left) - Math.min(...right)
  // An effect that may be there, drowned in a spread that is wider.
  const noisy = spread > LEAST_MS && Math.abs(difference) > LEAST_MS && Math.abs(difference) <= spread && Math.abs(floor) > LEAST_MS
  return { difference, tolerance, noisy, samples, differs: Math.abs(difference) > tolerance && apart && Math.abs(floor) > LEAST_MS / 2 }
}

/** Whether two kinds of answer can be told apart. */
export function sameAnswers(
  known: readonly Answer[],
  unknown: readonly Answer[],
  codes: { readonly status: string; readonly body: string; readonly timing: string },
): Verdict {
  const [one, other] = [known[0], unknown[0]]
  if (one === undefined || other === undefined) return inconclusive('unobserved', 'there was nothing to compare')
  const findings: Finding[] = []
  const told = (answer: Answer): string => `${answer.status}${answer.location === undefined ? '' : ` to ${answer.location}`}`
  const odd = unknown.find((answer, index) => told(answer) !== told(known[Math.min(index, known.length - 1)] as Answer))
  if (odd !== undefined) findings.push({ grade: 'fail', code: codes.status, evidence: evidence(odd, `as for an account: ${told(one)}`) })
  else {
    const differing = unknown.find((answer) => !known.some((answered) => answered.bodyHash === answer.bodyHash))
    if (differing !== undefined) findings.push({ grade: 'fail', code: codes.body, evidence: evidence(differing, `as for an account: ${one.shape}`) })
    else findings.push({ grade: 'pass', evidence: evidence(other, `as for an account: ${shown(one)}`) })
  }
  const time = compared(known, unknown)
  if (time === undefined)
    findings.push({
      grade: 'pass',
      evidence: {
        what: 'time',
        expected: `${LEAST_SAMPLES + 1} answers of each kind to compare`,
        received: `${Math.min(known.length, unknown.length)}: not compared (auth.attempts)`,
      },
    })
  else {
    const item: Evidence = {
      what: `time until the answer, ${time.samples} of each in turns`,
      expected: `medians within ${Math.round(time.tolerance)} ms`,
      received: `an account ${Math.abs(Math.round(time.difference))} ms ${time.difference < 0 ? 'faster' : 'slower'}`,
    }
    if (time.differs) findings.push({ grade: 'warn', code: codes.timing, evidence: item })
    else if (time.noisy && !findings.some(({ grade }) => grade === 'fail'))
      return inconclusive('unobserved', 'the answers take too unequal times to compare them', item)
    else findings.push({ grade: 'pass', evidence: item })
  }
  return worst(findings)
}

export const hasRefresh = (flow: AuthFlow): boolean => hasLogin(flow) && flow.refresh !== undefined && flow.login?.refreshToken !== undefined
export const curlRefresh = (subject: Subject, target: Target): string => {
  const { flow } = flowOf(subject)
  return curl(target, flow, flow.refresh ?? { url: '' })
}

/** The life of a refresh token, each step with what became of it. */
export function refreshStates(seen: RefreshSeen): StatesFigure {
  const grade = (bad: boolean): Finding['grade'] => (bad ? 'fail' : 'pass')
  const one = (from: string, to: string, answer: Answer, bad: boolean) => step(from, to, { grade: grade(bad), evidence: evidence(answer, '') })
  return states('Refreshing', [
    one('nobody', 'logged in', seen.login.answer, !seen.login.refreshToken),
    one('logged in', seen.accessAsRefreshWorks ? 'refreshed' : 'refused', seen.accessAsRefresh, seen.accessAsRefreshWorks),
    one('logged in', seen.firstWorks ? 'refreshed' : 'refused', seen.first, !seen.firstWorks),
    one('refreshed', seen.reuseAtOnceWorks ? 'refreshed' : 'refused', seen.reuseAtOnce, seen.reuseAtOnceWorks && seen.reuseLaterWorks !== false),
    ...(seen.reuseLater === undefined
      ? []
      : [one('refreshed', seen.reuseLaterWorks === true ? 'refreshed' : 'refused', seen.reuseLater, seen.reuseLaterWorks === true)]),
    one('refused', seen.familyWorks ? 'refreshed' : 'ended', seen.family, seen.familyWorks),
  ])
}

/** Attacks of one group between their controls: the right token opens before and after, no token does not. */
export function attackVerdict(seen: AttacksSeen, group: AttackGroup, code: string): Verdict {
  const untried = seen.untried[group]
  if (untried !== undefined) return skip('not-applicable', untried, evidence(seen.before, 'a token of that kind', untried))
  if (seen.token?.form !== 'jwt' && group !== 'expired' && group !== 'foreign' && group !== 'id-token')
    return skip(
      'not-applicable',
      `the access token is ${seen.token?.form ?? 'not there'}, so there is nothing to forge`,
      evidence(seen.before, 'a JWT', seen.token?.form ?? 'none'),
    )
  const control = controlled(seen.before, seen.without, seen.after)
  if (control !== undefined) return control
  const tried = seen.attacks.filter((attack) => attack.group === group)
  const findings = tried
    .filter(({ answer }) => answer.failure === undefined && answer.obstacle === undefined)
    .map(
      ({ answer }): Finding =>
        grants(answer, seen.before, seen.without)
          ? { grade: 'fail', code, evidence: evidence(answer, 'refused') }
          : { grade: 'pass', evidence: evidence(answer, 'refused') },
    )
  if (findings.length < tried.length && findings.every(({ grade }) => grade === 'pass'))
    return unanswered(tried.map(({ answer }) => answer)) ?? inconclusive('unobserved', 'some of the tokens were not answered')
  return concluded(findings, inconclusive('unobserved', 'no such token could be made'))
}
