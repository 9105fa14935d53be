import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValue, isObstacle } from '../../helpers/headers.ts'
import { revalidations } from '../../helpers/probes/caching.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, noPages, policyOf, showsPages } from './shared.ts'

export default defineCheck({
  id: 'caching/revalidation',
  title: 'What has not changed is not sent again',
  failureTitle: 'What has not changed is sent again',
  why: 'Without a 304 every question about a stored file costs the whole file; on a phone that is the wait.',
  source: 'RFC 9110 §13.1.2, §13.1.3, §15.4.5; caching.conditional of the target',
  severity: 'low',
  codes: {
    'caching.revalidation.ignored': {
      meaning: 'Asked with its own validator, the resource came whole again.',
      fix: 'Let the server answer If-None-Match (nginx: etag on; do not strip it in the proxy).',
    },
    'caching.revalidation.unstable': {
      meaning: 'The ETag changes although nothing else does: no question will ever be answered with 304.',
      fix: 'Make the ETag from the content, not from time, inode or replica.',
    },
    'caching.validator.missing': {
      meaning: 'A storable asset carries neither ETag nor Last-Modified.',
      fix: 'Let the server send ETag or Last-Modified with static files.',
    },
  },
  options: {},
  subjects: (target) => (target.file.caching?.conditional === false ? [] : eachHost(showsPages)(target)),
  unless: noPages,
  needs: (subject) => ({ seen: revalidations(hostOf(subject)) }),
  judge: ({ seen }, { target }) => {
    // Declared: a failure; otherwise a deviation from good custom.
    const grade = target.file.caching?.conditional === true ? ('fail' as const) : ('warn' as const)
    const findings: Finding[] = []
    for (const { first, kind, sent, again } of seen) {
      const policy = policyOf(first)
      if (policy.control.noStore) continue
      if (sent === undefined) {
        // A document made afresh for everybody (nonces, tokens) rightly has no validator.
        if (kind === 'asset') findings.push({ grade, code: 'caching.validator.missing', evidence: at(first, 'validator', 'ETag or Last-Modified', 'neither') })
        continue
      }
      if (again?.ok !== true)
        return inconclusive(
          'unobserved',
          `${first.url}, asked again: ${again === undefined ? 'not asked' : `${again.failure.message} (${again.failure.code})`}`,
        )
      const answer = again.value
      const evidence = at(answer, `${sent[0]}: ${sent[1]}`, '304 Not Modified', `${answer.status}${answer.status === 200 ? `, ${answer.wireBytes} bytes` : ''}`)
      if (answer.status === 304) findings.push({ grade: 'pass', evidence })
      else if (answer.status !== 200 || isObstacle(answer)) return inconclusive('unobserved', `asked again, ${answer.url} answered ${answer.status}`, evidence)
      else {
        const etag = headerValue(answer.headers, 'etag')
        const changed = !Buffer.from(first.body).equals(Buffer.from(answer.body))
        if (changed && kind === 'document') continue
        const unstable = sent[0] === 'if-none-match' && etag !== sent[1]
        findings.push({
          grade,
          code: unstable ? 'caching.revalidation.unstable' : 'caching.revalidation.ignored',
          evidence: { ...evidence, received: `${evidence.received}${etag === undefined ? '' : `, ETag ${etag}`}` },
        })
      }
    }
    if (findings.length > 0) return worst(findings)
    return seen.length === 0
      ? skip('not-applicable', 'no document or asset with status 200')
      : skip(
          'not-applicable',
          'nothing that caches may store and that carries a validator',
          seen.map((one) => at(one.first, 'validator', 'ETag or Last-Modified', policyOf(one.first).shown)),
        )
  },
  reproduce: (subject, target) =>
    curlFor(target, `https://${hostOf(subject).fqdn}${hostOf(subject).path}`, { headers: [['If-None-Match', '"the ETag of the first answer"']] }),
})
