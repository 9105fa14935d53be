import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { broadSchemes, frameAncestors, readSource } from '../../helpers/grammar/content-security-policy.ts'
import { readFrameOptions } from '../../helpers/grammar/x-frame-options.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlDocument, declaredCsp, evidenceOf, noPages, pageOr, policiesOf, showsPages, shownValues } from './shared.ts'

/** Nobody, or the page's own origin. */
const closed = (sources: readonly string[]): boolean => sources.every((text) => ['none', 'self'].includes(readSource(text).kind))

export default defineCheck({
  id: 'headers/framing',
  title: 'Strangers cannot put the page into a frame',
  failureTitle: 'Strangers can put the page into a frame, or the rules contradict each other',
  why: 'A page in an invisible frame is clicked on by people who believe they click on something else.',
  source: 'CSP3 §6.4.2; HTML §7.7.1 (X-Frame-Options); ASVS 3.4.6',
  severity: 'medium',
  codes: {
    'headers.framing.open': {
      meaning: 'Neither frame-ancestors nor X-Frame-Options restricts frames.',
      fix: "Content-Security-Policy: frame-ancestors 'self' (or the origins that embed it).",
    },
    'headers.framing.any': { meaning: 'frame-ancestors lets any site in.', fix: 'Name the origins that embed it.' },
    'headers.framing.ignored': {
      meaning: 'X-Frame-Options has a value no browser obeys (ALLOW-FROM was dropped by all).',
      fix: 'Use frame-ancestors for named origins, else DENY or SAMEORIGIN.',
    },
    'headers.framing.conflict': { meaning: 'X-Frame-Options comes with different values.', fix: 'Let either the proxy or the application set it.' },
    'headers.framing.contradiction': {
      meaning: 'frame-ancestors lets an origin in that X-Frame-Options keeps out; which one counts depends on the browser.',
      fix: 'Remove X-Frame-Options where frame-ancestors names origins (nginx: proxy_hide_header X-Frame-Options).',
    },
    'headers.framing.wildcard': { meaning: 'frame-ancestors allows every name below a domain.', fix: 'Name the hosts that embed it.' },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const host = hostOf(subject)
    const basis = pageOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const old = readFrameOptions(headerValues(seen.headers, 'x-frame-options'))
    const lists = frameAncestors(policiesOf(seen).header)
    const received = `frame-ancestors ${lists === undefined ? 'absent' : lists.map((list) => list.join(' ') || 'empty').join(' and ')}, X-Frame-Options ${shownValues(headerValues(seen.headers, 'x-frame-options'))}`
    const evidence = evidenceOf(seen, 'who may frame the page', 'nobody, its own origin, or named https hosts', received)
    if (old.kind === 'conflict') return fail('headers.framing.conflict', evidence)
    if (lists === undefined) {
      if (old.kind === 'ignored') return fail('headers.framing.ignored', evidence)
      if (old.kind === 'absent') return fail('headers.framing.open', evidence)
      // All browsers obey it; that frame-ancestors is missing is a matter of headers/csp-baseline.
      return pass(evidence)
    }
    // Every list must allow, so one closed list closes.
    if (lists.every((list) => broadSchemes(list).size > 0)) return fail('headers.framing.any', evidence)
    const letsOthersIn = lists.every((list) => !closed(list))
    if (letsOthersIn && (old.kind === 'deny' || old.kind === 'sameorigin')) {
      const promised = declaredCsp(host).frameAncestorsInclude.length > 0
      return promised ? fail('headers.framing.contradiction', evidence) : warn('headers.framing.contradiction', evidence)
    }
    if (old.kind === 'ignored') return warn('headers.framing.ignored', evidence)
    const wide = lists.every((list) =>
      list.some((text) => {
        const source = readSource(text)
        return source.kind === 'host' && source.host.startsWith('*')
      }),
    )
    return wide ? warn('headers.framing.wildcard', evidence) : pass(evidence)
  },
  reproduce: curlDocument,
  covers: ['A28', 'A32', 'A33', 'C8', 'D9', 'B16'],
})
