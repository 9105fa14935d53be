import { defineCheck, hostOf } from '../../helpers/check.ts'
import { bodyText, isHtml } from '../../helpers/headers.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
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
  needs: (subject, target) => ({ seen: attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: pathOf(target) })) }),
  judge: ({ seen }, { subject }): Verdict => {
    if (!seen.ok) {
      const { code, message, phase } = seen.failure
      // Only an address that does not exist or refuses proves that it is gone; silence does not.
      return code === 'NXDOMAIN' || isRefused(seen)
        ? pass({ what: subject.name, expected: 'no mail', received: `not there: ${phase}: ${code}` })
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
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i'] }),
  covers: ['A66'],
})
