import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, show, succeeded, told, uploadOf, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/slow',
  title: 'An upload over a slow line passes',
  failureTitle: 'An upload over a slow line is cut',
  why: 'Tunnels and proxies end requests that take long; large files from real lines then fail although they pass in the office.',
  source: 'nginx client_body_timeout, proxy_read_timeout; uploads[].slowSeconds of the target',
  severity: 'medium',
  codes: {
    'upload.slow.cut': {
      meaning: 'The upload was ended while it was still being sent.',
      fix: 'Raise the timeouts of the hop that ended it, or upload in parts.',
    },
    'upload.slow.refused': {
      meaning: 'The slow upload was refused although a fast one is taken.',
      fix: 'Look at the timeouts of the proxy and of the application.',
    },
  },
  options: {},
  subjects: uploads(({ slowSeconds }) => slowSeconds !== undefined),
  unless: { skip: 'not-declared', reason: 'no upload declares how slow a line must pass (uploads[].slowSeconds)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const sent = look.slow
    if (sent === undefined) return inconclusive('defect', 'nothing was sent slowly')
    const evidence = told(look, sent, `accepted after ${uploadOf(subject).slowSeconds ?? 0} s`)
    if (succeeded(subject, sent)) return pass(evidence)
    if (obstacle(sent)) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', evidence)
    return fail(
      sent.failure !== undefined || sent.early || sent.status === 408 || sent.status === 504 || sent.status === 502 ? 'upload.slow.cut' : 'upload.slow.refused',
      evidence,
    )
  },
  reproduce: (subject, target) => show(subject, target, 'file.png', ['--limit-rate', '1k']),
  covers: ['A94'],
})
