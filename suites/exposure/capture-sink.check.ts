import { defineCheck, hostOf } from '../../helpers/check.ts'
import { bodyText, isHtml } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { type Attempt, attempt, isRefused, type Observed } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { evidenceOf, isBlocked, shownOf } from './shared.ts'

const API = { mailhog: '/api/v2/messages', mailpit: '/api/v1/messages', maildev: '/email' } as const
const pathOf = (target: Target): string => {
  const sink = target.file.exposure?.captureSink
  return sink?.api ?? API[sink?.product ?? 'mailhog']
}
/** Which catcher it is may be left open: then each is asked for as it lists its mail. */
const othersOf = (target: Target): readonly string[] => {
  const sink = target.file.exposure?.captureSink
  return sink?.api === undefined && sink?.product === undefined ? Object.values(API).filter((path) => path !== pathOf(target)) : []
}
const GRADES: readonly Verdict['outcome'][] = ['fail', 'warn', 'inconclusive', 'pass']

/** How many messages the answer lists; undefined when it is no list of messages. */
function messagesIn(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value.length
    if (typeof value !== 'object' || value === null) return undefined
    const fields = value as Readonly<Record<string, unknown>>
    const listed = [fields['items'], fields['messages']].find(Array.isArray)?.length
    const total = [fields['total'], fields['messages_count']].find((one) => typeof one === 'number')
    return total === undefined && listed === undefined ? undefined : Math.max(listed ?? 0, total ?? 0)
  } catch {
    return undefined
  }
}

function judgeList(seen: Observed<HttpObservation>, name: string): Verdict {
  if (!seen.ok) {
    const { code, message, phase } = seen.failure
    // Only an address that does not exist or refuses proves that it is gone; silence does not.
    return code === 'NXDOMAIN' || isRefused(seen)
      ? pass({ what: name, expected: 'no mail', received: `not there: ${phase}: ${code}` })
      : inconclusive('unobserved', `${phase}: ${message} (${code})`)
  }
  const one = seen.value
  if (isBlocked(one) || one.status >= 500)
    return inconclusive('unobserved', `an obstacle answered: ${shownOf(one)}`, evidenceOf(one, 'the answer of the catcher'))
  const expected = 'no mail: absent, or behind a login'
  if (one.status < 200 || one.status >= 300 || isHtml(one)) return pass(evidenceOf(one, expected))
  const count = messagesIn(bodyText(one))
  if (count === undefined)
    return one.truncated && /^\s*[{[]/.test(bodyText(one))
      ? fail('exposure.capture-sink.mail', evidenceOf(one, expected, `${shownOf(one)}: more than could be read`))
      : pass(evidenceOf(one, expected, `${shownOf(one)}: no list of messages`))
  const evidence = evidenceOf(one, expected, `${shownOf(one)}: ${count} messages (not shown)`)
  return count > 0 ? fail('exposure.capture-sink.mail', evidence) : warn('exposure.capture-sink.open', evidence, 'medium')
}

export default defineCheck({
  id: 'exposure/capture-sink',
  title: 'Captured mail is not shown to the public',
  failureTitle: 'Captured mail is shown to the public',
  why: 'A mail catcher holds password-reset links: who reads them takes any account.',
  source: 'exposure.captureSink of the target',
  severity: 'critical',
  codes: {
    'exposure.capture-sink.mail': {
      meaning: 'The message interface lists mail without login.',
      fix: 'Take the catcher off the public proxy, or set its login (MH_AUTH_FILE, MP_UI_AUTH_FILE).',
    },
    'exposure.capture-sink.open': {
      meaning: 'The message interface answers without login; it is empty just now.',
      fix: 'Take the catcher off the public proxy, or set its login.',
    },
  },
  options: {},
  subjects: (target) => {
    const sink = target.file.exposure?.captureSink
    const host = target.hosts.find((one) => one.name === sink?.host)
    return host === undefined ? [] : [{ name: `https://${host.fqdn}${pathOf(target)}`, host }]
  },
  unless: { skip: 'not-declared', reason: 'exposure.captureSink is not declared, or names no host of the target' },
  needs: (subject, target): Record<string, Attempt<HttpObservation>> =>
    Object.fromEntries(
      [pathOf(target), ...othersOf(target)].map((path) => [path, attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path }))]),
    ),
  judge: (looks, { subject }): Verdict => {
    const verdicts = Object.values(looks as Record<string, Observed<HttpObservation>>).map((seen) => judgeList(seen, subject.name))
    const [worstOfAll] = verdicts.toSorted((a, b) => GRADES.indexOf(a.outcome) - GRADES.indexOf(b.outcome))
    if (worstOfAll === undefined) return inconclusive('defect', 'no list of messages was asked for')
    return worstOfAll.outcome === 'pass' ? pass(verdicts.flatMap(({ evidence }) => evidence)) : worstOfAll
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i'] }),
  covers: ['A66'],
})
