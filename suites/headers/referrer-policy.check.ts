import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type ReferrerPolicy, readMetaReferrer, readReferrerPolicy } from '../../helpers/grammar/referrer-policy.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlDocument, evidenceOf, noPages, pageOr, showsPages, shownValues, tagsOf } from './shared.ts'

const GRADES: Readonly<Record<ReferrerPolicy, 'pass' | 'warn' | 'fail'>> = {
  'no-referrer': 'pass',
  'same-origin': 'pass',
  'strict-origin': 'pass',
  'strict-origin-when-cross-origin': 'pass',
  'origin-when-cross-origin': 'warn',
  origin: 'fail',
  'no-referrer-when-downgrade': 'fail',
  'unsafe-url': 'fail',
}

export default defineCheck({
  id: 'headers/referrer-policy',
  title: 'Addresses of pages are not told to other sites',
  failureTitle: 'Addresses of pages are told to other sites',
  why: 'Paths and parameters hold names, search words and tokens; other sites get them with every link and picture.',
  source: 'Referrer Policy §3, §8.1; MDN HTTP Observatory; browsers default to strict-origin-when-cross-origin',
  severity: 'low',
  codes: {
    'headers.referrer.leaks': {
      meaning: 'The policy sends more than the origin abroad, or the origin over plain http.',
      fix: 'Referrer-Policy: strict-origin-when-cross-origin',
    },
    'headers.referrer.invalid': {
      meaning: 'No word of the header is a policy, so the default of the browser holds.',
      fix: 'Referrer-Policy: strict-origin-when-cross-origin',
    },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const values = headerValues(seen.headers, 'referrer-policy')
    const read = readReferrerPolicy(values)
    // A meta element is read after the header and overrules it (HTML §4.2.5.1).
    const meta = tagsOf(seen)
      .filter((tag) => tag.name === 'meta' && tag.attributes.get('name')?.trim().toLowerCase() === 'referrer')
      .map((tag) => readMetaReferrer(tag.attributes.get('content') ?? ''))
      .findLast((policy) => policy !== undefined)
    const policy = meta ?? read.policy
    const received = `${shownValues(values)}${meta === undefined ? '' : `, meta ${meta}`}${policy === undefined ? '' : `: ${policy} holds`}`
    const evidence = evidenceOf(seen, 'Referrer-Policy', 'no more than the origin for other sites, nothing over plain http', received)
    if (policy === undefined) {
      return read.unknown.length > 0
        ? fail('headers.referrer.invalid', evidence)
        : pass({ ...evidence, received: `${received}: browsers default to strict-origin-when-cross-origin` })
    }
    const grade = GRADES[policy]
    return grade === 'pass' ? pass(evidence) : grade === 'warn' ? warn('headers.referrer.leaks', evidence) : fail('headers.referrer.leaks', evidence)
  },
  reproduce: curlDocument,
  covers: ['B16', 'D9'],
})
