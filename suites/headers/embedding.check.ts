import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { ancestorAllowed, broadSchemes, frameAncestors } from '../../helpers/grammar/content-security-policy.ts'
import { readFrameOptions } from '../../helpers/grammar/x-frame-options.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlDocument, declaredCsp, evidenceOf, pageOr, policiesOf, shownValues } from './shared.ts'

export default defineCheck({
  id: 'headers/embedding',
  title: 'Exactly the declared origins may embed the page',
  failureTitle: 'A declared origin cannot embed the page, or one that must not can',
  why: 'The page is shown inside another application: too narrow and the panel stays empty, too wide and anybody may click through it.',
  source: 'the target file: frameAncestorsInclude, frameAncestorsExclude; CSP3 §6.4.2, §6.7.2',
  severity: 'high',
  codes: {
    'headers.embedding.blocked': { meaning: 'A declared origin is kept out.', fix: 'Add it to frame-ancestors.' },
    'headers.embedding.unrestricted': {
      meaning: 'Nothing restricts who embeds the page, although the target declares who may.',
      fix: 'Send frame-ancestors with the declared origins.',
    },
    'headers.embedding.open': {
      meaning: 'An origin is let in that the target excludes.',
      fix: 'Take it out of frame-ancestors; name hosts instead of wildcards.',
    },
  },
  options: {},
  subjects: eachHost((host) => {
    const { frameAncestorsInclude, frameAncestorsExclude } = declaredCsp(host)
    return frameAncestorsInclude.length + frameAncestorsExclude.length > 0
  }),
  unless: { skip: 'not-declared', reason: 'no host declares frameAncestorsInclude or frameAncestorsExclude' },
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const host = hostOf(subject)
    const basis = pageOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const { frameAncestorsInclude: include, frameAncestorsExclude: exclude } = declaredCsp(host)
    const lists = frameAncestors(policiesOf(seen).header)
    const old = readFrameOptions(headerValues(seen.headers, 'x-frame-options'))
    const self = `https://${host.fqdn}`
    const received = `frame-ancestors ${lists === undefined ? 'absent' : lists.map((list) => list.join(' ') || 'empty').join(' and ')}, X-Frame-Options ${shownValues(headerValues(seen.headers, 'x-frame-options'))}`
    const restricted = lists !== undefined || old.kind === 'deny' || old.kind === 'sameorigin' || old.kind === 'conflict'
    if (!restricted)
      return worst([
        {
          grade: 'fail',
          code: 'headers.embedding.unrestricted',
          evidence: evidenceOf(seen, 'who may embed the page', [...include, ...exclude.map((one) => `not ${one}`)].join(', '), received),
        },
      ])
    // frame-ancestors overrules X-Frame-Options (CSP3 §6.4.2.2).
    const allowed = (origin: string): boolean =>
      lists === undefined ? old.kind === 'sameorigin' && origin === self : lists.every((list) => ancestorAllowed(list, origin, self))
    const findings: Finding[] = []
    const asOrigin = (text: string): string | undefined => (text === "'self'" ? self : text.includes('://') && !text.includes('*') ? text : undefined)
    for (const text of include) {
      const origin = asOrigin(text)
      // Patterns cannot be asked about as an origin; they must be written there as declared.
      const holds = origin === undefined ? lists?.every((list) => list.some((one) => one.toLowerCase() === text.toLowerCase())) === true : allowed(origin)
      const evidence = evidenceOf(seen, `embedding by ${text}`, 'allowed', received)
      findings.push(holds ? { grade: 'pass', evidence } : { grade: 'fail', code: 'headers.embedding.blocked', evidence })
    }
    for (const text of exclude) {
      const origin = asOrigin(text)
      const written = lists !== undefined && lists.every((list) => list.some((one) => one.toLowerCase() === text.toLowerCase()))
      const lets = text === '*' ? lists !== undefined && lists.every((list) => broadSchemes(list).size > 0) : origin === undefined ? written : allowed(origin)
      const evidence = evidenceOf(seen, `embedding by ${text}`, 'refused', received)
      findings.push(lets ? { grade: 'fail', code: 'headers.embedding.open', evidence } : { grade: 'pass', evidence })
    }
    return findings.length === 0 ? inconclusive('misused', 'nothing is declared') : worst(findings)
  },
  reproduce: curlDocument,
  covers: ['A29', 'A32', 'A33'],
})
