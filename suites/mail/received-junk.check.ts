import { defineCheck } from '../../helpers/check.ts'
import { valuesOf } from '../../helpers/grammar/mail-fields.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { fail, pass, skip } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

export default defineCheck({
  id: 'mail/received-junk',
  title: 'The mail does not land among the junk',
  failureTitle: 'The mail lands among the junk',
  why: 'For who waits for a reset link, a letter in the junk folder is a letter that never came.',
  source: 'Requirements F-mail-8 (unauthenticated, delivered to spam); RFC 6154 (\\Junk); fields of SpamAssassin, rspamd and Exchange',
  severity: 'high',
  covers: ['A69'],
  codes: {
    'mail.junk': {
      meaning: 'It was put into the junk folder, or marked as junk.',
      fix: 'Look at the reasons that the filter wrote, then at SPF, DKIM, DMARC, the address’s reputation and the text.',
    },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }) => {
    const [first] = mail.mails
    if (first === undefined) return nothingArrived(mail)
    const { fields } = first.content
    const read = (name: string): string => valuesOf(fields, name)[0] ?? ''
    const [flag, status, rspamd, level] = ['x-spam-flag', 'x-spam-status', 'x-spam', 'x-ms-exchange-organization-scl'].map(read) as [
      string,
      string,
      string,
      string,
    ]
    const folder = first.folder ?? ''
    const marks = [
      flag === '' ? '' : `X-Spam-Flag: ${flag}`,
      status === '' ? '' : `X-Spam-Status: ${status.slice(0, 160)}`,
      rspamd === '' ? '' : `X-Spam: ${rspamd}`,
      level === '' ? '' : `SCL ${level}`,
    ].filter((one) => one !== '')
    const junk = /junk|spam|bulk|unerw/i.test(folder) || /^yes/i.test(flag) || /^yes/i.test(status) || /^yes/i.test(rspamd) || Number(level) >= 5
    const evidence = {
      what: 'where it landed',
      expected: 'the inbox, unmarked',
      received: `${folder || 'delivered'}${marks.length === 0 ? ', no filter left a mark' : `; ${marks.join('; ')}`}`,
      ...seenIn(mail, first),
    }
    if (junk) return fail('mail.junk', evidence)
    // Where nothing sorts mail, nothing is proven.
    if (folder === '' && marks.length === 0) return skip('not-applicable', 'no filter looked at it on the way to this inbox', evidence)
    return pass(evidence)
  },
  reproduce: letterLine('its folder and X-Spam-Status'),
})
