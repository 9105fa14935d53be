import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readContentTypeOptions } from '../../helpers/grammar/x-content-type-options.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { curlDocument, declaredAbsent, documentOr, evidenceOf, noPages, showsPages, shownValues } from './shared.ts'

const NAME = 'x-content-type-options'

export default defineCheck({
  id: 'headers/nosniff',
  title: 'Browsers do not guess content types',
  failureTitle: 'Browsers may guess content types',
  why: 'An upload that is a picture by name and a script by content runs with the rights of the site.',
  source: 'Fetch §3.6 (the first value decides); ASVS 3.4.4',
  severity: 'medium',
  codes: {
    'headers.nosniff.missing': { meaning: 'X-Content-Type-Options is not sent.', fix: 'nginx: add_header X-Content-Type-Options nosniff always;' },
    'headers.nosniff.invalid': {
      meaning: 'The first value is not nosniff, so browsers ignore the header.',
      fix: 'Send exactly nosniff, without quotes or semicolon.',
    },
  },
  options: {},
  subjects: eachHost((host) => showsPages(host) && !declaredAbsent(host.headers[NAME])),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = documentOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const values = headerValues(seen.headers, NAME)
    const evidence = evidenceOf(seen, 'X-Content-Type-Options', 'nosniff as the first value', shownValues(values))
    if (values.length === 0) return fail('headers.nosniff.missing', evidence)
    // More of the same is what headers/duplicates tells; it works all the same.
    return readContentTypeOptions(values).nosniff ? pass(evidence) : fail('headers.nosniff.invalid', evidence)
  },
  reproduce: curlDocument,
  covers: ['B16', 'C8', 'D9'],
})
