import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { blocked, lookAt, obstacle, show, succeeded, told, toldServed, uploads } from './shared.ts'

export default defineCheck({
  id: 'upload/overwrite',
  title: 'A second file of the same name leaves the first alone',
  failureTitle: 'A second file of the same name replaces the first',
  why: 'Names are chosen by clients: whoever knows one replaces what another user has stored.',
  source: 'OWASP ASVS 5.3.2; CWE-73',
  severity: 'high',
  codes: {
    'upload.overwrite.replaced': {
      meaning: 'After a second file of the same name, the first one is no longer what it was.',
      fix: 'Store files under names of your own, one per upload.',
    },
  },
  options: {},
  subjects: uploads(({ download, urlPath }) => download !== undefined || urlPath !== undefined),
  unless: { skip: 'not-declared', reason: 'no upload declares where files are read (uploads[].download)' },
  needs: (subject, target) => ({ look: lookAt(subject, target) }),
  judge: ({ look }, { subject }) => {
    const none = blocked(subject, look)
    if (none !== undefined) return none
    const { again } = look
    if (again === undefined) return inconclusive('defect', 'no two files were sent')
    const sent = [told(look, again.first, 'accepted'), told(look, again.second, 'accepted under another address, or refused')]
    if (!succeeded(subject, again.first)) return inconclusive('unobserved', 'the first of two files was not taken', sent)
    if (obstacle(again.second)) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', sent)
    if (!succeeded(subject, again.second) && again.second.status !== undefined && again.second.status >= 400 && again.second.status < 500) return pass(sent)
    if (!succeeded(subject, again.second)) return inconclusive('unobserved', 'the second of two files got no usable answer', sent)
    if (again.firstServed === undefined) return skip('not-applicable', 'no address of the file is known', sent)
    const served = toldServed('the first file, after the second', again.firstServed, '200, the same bytes')
    if (again.firstServed.failure !== undefined || obstacle(again.firstServed) || (again.firstServed.status ?? 0) >= 500)
      return inconclusive('unobserved', 'the first file could not be read', [served, ...sent])
    if (look.served?.same !== true) return inconclusive('unobserved', 'files do not come back as they were sent, overwritten or not', [served, ...sent])
    return again.firstServed.same ? pass([served, ...sent]) : fail('upload.overwrite.replaced', [served, ...sent])
  },
  reproduce: (subject, target) => show(subject, target),
})
