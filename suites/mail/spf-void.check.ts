import { defineCheck } from '../../helpers/check.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digTxt, eachSpfDomain, listed, noMail, spfEvidence, unreadSpf, unseenOf } from './shared.ts'

export default defineCheck({
  id: 'mail/spf-void',
  title: 'The terms of SPF find something',
  failureTitle: 'Terms of SPF lead to names that are empty',
  why: 'After two lookups that find nothing receivers may report a permanent error; and whoever registers a forgotten name may send for the domain.',
  source: 'RFC 7208 §4.6.4 (two void lookups), §11.1',
  severity: 'medium',
  codes: {
    'mail.spf.void': { meaning: 'More than two terms lead to names without the record that is asked for.', fix: 'Remove the terms whose names are gone.' },
    'mail.spf.void-near': { meaning: 'Two terms lead to names without a record: one more breaks SPF.', fix: 'Remove the terms whose names are gone.' },
  },
  options: { most: 2 },
  subjects: eachSpfDomain,
  unless: noMail,
  needs: ({ name }) => ({ spf: spfTree(name) }),
  judge: ({ spf }, { options }) => {
    const unread = unreadSpf(spf)
    if (unread !== undefined) return unread
    const empty = spf.lookups.filter(({ outcome }) => outcome === 'void')
    const record = spfEvidence(spf, 'a record to follow')
    const evidence = {
      ...spfEvidence(
        spf,
        `fewer than ${options.most} lookups that find nothing`,
        `${empty.length} of ${spf.lookups.length}${empty.length === 0 ? '' : `: ${listed(empty.map(({ term, detail }) => `${term} (${detail})`))}`}`,
      ),
      what: `void lookups of ${record.what}`,
    }
    if (empty.length > options.most) return fail('mail.spf.void', [evidence, record])
    const unseen = unseenOf(spf)
    if (unseen.length > 0) return inconclusive('unobserved', `not every term was answered: ${listed(unseen)}`, [evidence, record])
    return empty.length === options.most ? warn('mail.spf.void-near', [evidence, record]) : pass([evidence, record])
  },
  reproduce: digTxt(),
})
