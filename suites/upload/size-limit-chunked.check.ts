import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, show, succeeded, told, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/size-limit-chunked',
  title: 'The size limit holds for bodies of unknown length',
  failureTitle: 'A body of unknown length passes the size limit',
  why: 'A limit that reads Content-Length sees nothing of a body in chunks.',
  source: 'RFC 9112 §7.1; RFC 9110 §15.5.14',
  severity: 'medium',
  codes: {
    'upload.limit.chunked': {
      meaning: 'A file above the limit was taken when it came in chunks.',
      fix: 'Count the bytes that are read, whatever the header says.',
    },
    'upload.limit.chunked-status': {
      meaning: 'A body in chunks was refused, but not with 413 (or 411).',
      fix: 'Answer 413, or 411 where chunks are not taken at all.',
    },
    'upload.limit.chunked-reset': { meaning: 'A body in chunks above the limit ended the connection or the service.', fix: 'Answer 413 before closing.' },
  },
  options: {},
  subjects: uploads(({ maxBytes, tryBytes = 64 * 1024 * 1024 }) => maxBytes !== undefined && maxBytes <= tryBytes),
  unless: { skip: 'not-declared', reason: 'no upload declares a largest size that may be tried (uploads[].maxBytes)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const sent = look.aboveChunked
    if (sent === undefined) return inconclusive('defect', 'no body in chunks was sent')
    const evidence = told(look, sent, '413, or 411')
    if (obstacle(sent)) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', evidence)
    if (sent.status === 413 || sent.status === 411) return pass(evidence)
    if (succeeded(subject, sent)) return fail('upload.limit.chunked', evidence)
    if (sent.status === undefined || sent.status >= 500) return fail('upload.limit.chunked-reset', evidence)
    return warn('upload.limit.chunked-status', evidence)
  },
  reproduce: (subject, target) => show(subject, target, 'large.bin', ['-H', 'Transfer-Encoding: chunked']),
  covers: ['E17'],
})
