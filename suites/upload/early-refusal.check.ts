import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, show, succeeded, told, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/early-refusal',
  title: 'What is far too large is refused before it is read',
  failureTitle: 'What is far too large is read to its end',
  why: 'A server that reads gigabytes before it says no can be kept busy by anybody with a line as fast as its own.',
  source: 'RFC 9110 §10.1.1, §15.5.14',
  severity: 'low',
  codes: {
    'upload.limit.read-all': {
      meaning: 'The refusal came after the whole body was read.',
      fix: 'Compare Content-Length with the limit first; nginx does so by client_max_body_size.',
    },
    'upload.limit.far-taken': { meaning: 'A file far above the declared size was taken.', fix: 'Enforce the size while reading.' },
    'upload.limit.far-reset': {
      meaning: 'A file far above the declared size ended the connection without an answer.',
      fix: 'Answer 413 and read on for a moment before closing (nginx: lingering_close).',
    },
  },
  options: {},
  subjects: uploads(({ maxBytes, tryBytes = 64 * 1024 * 1024 }) => maxBytes !== undefined && maxBytes <= tryBytes),
  unless: { skip: 'not-declared', reason: 'no upload declares a largest size that may be tried (uploads[].maxBytes)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const sent = look.farAbove
    if (sent === undefined) return inconclusive('defect', 'no such file was sent')
    const evidence = told(look, sent, 'refused before all of it was sent')
    if (obstacle(sent)) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', evidence)
    if (succeeded(subject, sent)) return fail('upload.limit.far-taken', evidence)
    if (sent.status === undefined) return warn('upload.limit.far-reset', evidence)
    return sent.early && sent.sentBytes < sent.bodyBytes ? pass(evidence) : warn('upload.limit.read-all', evidence)
  },
  reproduce: (subject, target) => show(subject, target, 'huge.bin'),
})
