import { defineCheck } from '../../helpers/check.ts'
import type { Served } from '../../helpers/probes/upload.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { blocked, lookAt, notDeclared, show, toldServed, uploads } from './shared.ts'

const ACTIVE =
  /^(?:text\/html|application\/xhtml\+xml|image\/svg\+xml|text\/xml|application\/xml|(?:text|application)\/(?:x-)?(?:java|ecma)script|application\/x-(?:httpd-)?php)$/
const INERT = /^(?:image\/(?!svg)|video\/|audio\/|application\/(?:pdf|octet-stream|zip)|text\/(?:plain|csv))/
const attached = (served: Served): boolean => /^\s*attachment(?:\s*;|\s*$)/i.test(served.disposition ?? '')
/** The page it becomes may do nothing. */
const sandboxed = (served: Served): boolean => /(?:^|;)\s*sandbox\s*(?:;|$)/i.test(served.policy ?? '')

export default defineCheck({
  id: 'upload/served-safely',
  title: 'Uploaded files are served as files',
  failureTitle: 'Uploaded files can act as pages',
  why: 'A file of a stranger that a browser shows as a page of yours reads what your users may read.',
  source: 'OWASP ASVS 3.2.1, 5.2.2; File Upload Cheat Sheet; WHATWG MIME Sniffing',
  severity: 'high',
  codes: {
    'upload.served.active': {
      meaning: 'A page, drawing or script that was uploaded is served as one, inline, on the host of the application.',
      fix: 'Content-Disposition: attachment, or another registrable domain for files, or Content-Security-Policy: sandbox.',
    },
    'upload.served.sniffable': {
      meaning: 'An uploaded file is served without X-Content-Type-Options: nosniff, or without a type.',
      fix: 'Send the type that was checked, and X-Content-Type-Options: nosniff.',
    },
  },
  options: {},
  subjects: uploads(({ download, urlPath }) => download !== undefined || urlPath !== undefined),
  unless: notDeclared,
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const files = [
      ...(look.served === undefined ? [] : [{ what: 'the allowed file, read back', served: look.served }]),
      ...look.foreign.flatMap(({ sent, served }) => (served === undefined ? [] : [{ what: `${sent.what}, read back`, served }])),
    ].filter(({ served }) => served.status === 200)
    if (files.length === 0) return skip('not-applicable', 'no uploaded file can be read back')
    return worst(
      files.map(({ what, served }): Finding => {
        const evidence = toldServed(what, served, 'a type that is no page, with nosniff; or an attachment; or another host')
        const harmless = attached(served) || sandboxed(served) || served.otherHost
        if (served.type !== undefined && ACTIVE.test(served.type) && !harmless) return { grade: 'fail', code: 'upload.served.active', evidence }
        if (!served.nosniff && !(served.otherHost && attached(served))) return { grade: 'fail', code: 'upload.served.sniffable', severity: 'medium', evidence }
        if (!harmless && (served.type === undefined || !INERT.test(served.type)))
          return { grade: 'fail', code: 'upload.served.sniffable', severity: 'medium', evidence }
        return { grade: 'pass', evidence }
      }),
    )
  },
  reproduce: (subject, target) => show(subject, target),
  covers: ['D34'],
})
