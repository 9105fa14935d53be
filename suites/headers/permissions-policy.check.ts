import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readPermissionsPolicy } from '../../helpers/grammar/permissions-policy.ts'
import { headerValues } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, type Finding, pass, warn, worst } from '../../helpers/verdict.ts'
import { curlDocument, evidenceOf, noPages, pageOr, showsPages, shownValues } from './shared.ts'

const DELICATE: readonly string[] = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'hid', 'display-capture']

export default defineCheck({
  id: 'headers/permissions-policy',
  title: 'Powerful features are not handed to every frame',
  failureTitle: 'Powerful features are handed out, or the policy is not understood',
  why: 'What the policy does not withhold, a frame of a third party can ask for in the name of the site.',
  source: 'Permissions Policy §5.2; RFC 9651',
  severity: 'info',
  codes: {
    'headers.permissions.invalid': {
      meaning: 'The header is no structured dictionary, so browsers drop it whole.',
      fix: 'Permissions-Policy: camera=(), microphone=(), geolocation=()',
    },
    'headers.permissions.any': { meaning: 'A powerful feature is given to any origin.', fix: 'Name the origins: camera=(self "https://call.example.com").' },
    'headers.permissions.flawed': { meaning: 'The value of a feature is passed over by browsers.', fix: 'Write lists: feature=(), feature=(self).' },
    'headers.permissions.old-only': { meaning: 'Only Feature-Policy is sent, which browsers replaced.', fix: 'Send Permissions-Policy.' },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const values = headerValues(seen.headers, 'permissions-policy')
    const old = headerValues(seen.headers, 'feature-policy')
    const evidence = evidenceOf(seen, 'Permissions-Policy', 'a dictionary that gives no powerful feature to everybody', shownValues(values))
    if (values.length === 0)
      return old.length > 0
        ? warn('headers.permissions.old-only', { ...evidence, received: `absent, but Feature-Policy: ${shownValues(old)}` })
        : pass({ ...evidence, received: 'absent: the defaults of the browser hold' })
    const read = readPermissionsPolicy(values)
    if (!read.ok) return fail('headers.permissions.invalid', { ...evidence, received: `${evidence.received}: ${read.error}` })
    const findings: Finding[] = [{ grade: 'pass', evidence }]
    for (const feature of DELICATE)
      if (read.features.get(feature)?.includes('*') === true)
        findings.push({ grade: 'warn', code: 'headers.permissions.any', evidence: evidenceOf(seen, feature, 'named origins', `${feature}=*`) })
    for (const feature of read.flawed)
      findings.push({ grade: 'warn', code: 'headers.permissions.flawed', evidence: evidenceOf(seen, feature, 'a list of origins', 'a value of another kind') })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: [],
})
