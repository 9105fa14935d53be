import { defineCheck } from '../../helpers/check.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digTxt, eachSpfDomain, listed, noMail, spfEvidence, unreadSpf, unseenOf } from './shared.ts'

export default defineCheck({
  id: 'mail/spf-lookups',
  title: 'SPF stays below ten lookups',
  failureTitle: 'SPF needs more lookups than receivers make',
  why: 'Beyond ten lookups receivers report a permanent error for everybody whom no earlier term matches. Providers add theirs without asking.',
  source: 'RFC 7208 §4.6.4 (ten terms; ten names of an mx), §5.2 (loops)',
  severity: 'high',
  codes: {
    'mail.spf.lookups': {
      meaning: 'The record and what it includes need more than ten lookups.',
      fix: 'Remove unused includes; write addresses that do not change as ip4 and ip6.',
    },
    'mail.spf.lookups-near': {
      meaning: 'Nine or ten lookups are used: the next change of a provider breaks SPF.',
      fix: 'Remove unused includes before that happens.',
    },
    'mail.spf.loop': { meaning: 'A record includes itself, directly or by another one.', fix: 'Remove the include or redirect that leads back.' },
    'mail.spf.mx-names': { meaning: 'An mx term meets more than ten MX records: a permanent error.', fix: 'Name the senders by ip4 and ip6 instead of mx.' },
  },
  options: { most: 10, near: 9 },
  subjects: eachSpfDomain,
  unless: noMail,
  needs: ({ name }) => ({ spf: spfTree(name) }),
  judge: ({ spf }, { options }) => {
    const unread = unreadSpf(spf)
    if (unread !== undefined) return unread
    const { lookups, nodes } = spf
    const loops = nodes.filter(({ state }) => state === 'loop')
    const record = spfEvidence(spf, 'a record to count')
    const evidence = {
      ...spfEvidence(
        spf,
        `at most ${options.most} terms that cost a lookup, better fewer than ${options.near}`,
        `${lookups.length}${spf.cut ? ' and more' : ''}: ${listed(lookups.map(({ term, domain }) => `${term} (${domain})`)) || 'none'}`,
      ),
      what: `lookups of ${record.what}`,
    }
    if (loops.length > 0)
      return fail('mail.spf.loop', [
        {
          ...evidence,
          what: `loop in ${record.what}`,
          received: listed(loops.map(({ domain, via, from }) => `${via ?? ''} of ${from ?? ''} leads back to ${domain}`)),
        },
        evidence,
        record,
      ])
    if (lookups.length > options.most) return fail('mail.spf.lookups', [evidence, record])
    const many = lookups.filter(({ outcome }) => outcome === 'too-many')
    if (many.length > 0) return fail('mail.spf.mx-names', [{ ...evidence, received: listed(many.map(({ detail }) => detail)) }, record])
    const hidden = [
      ...unseenOf(spf),
      ...nodes.filter(({ state }) => state === 'message').map(({ via, from }) => `${via ?? ''} of ${from ?? ''} depends on the message`),
    ]
    if (hidden.length > 0) return inconclusive('unobserved', `not all of the record can be counted: ${listed(hidden)}`, [evidence, record])
    return lookups.length >= options.near ? warn('mail.spf.lookups-near', [evidence, record]) : pass([evidence, record])
  },
  reproduce: digTxt(),
})
