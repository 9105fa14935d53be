import { defineCheck } from '../../helpers/check.ts'
import { mailAuthentication } from '../../helpers/probes/mail-authentication.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, nothingArrived, seenIn } from './delivery.ts'

const BAD: ReadonlySet<string> = new Set(['fail', 'permerror', 'hardfail', 'softfail'])

export default defineCheck({
  id: 'mail/received-results',
  title: 'The receiving server finds the mail authentic, too',
  failureTitle: 'The receiving server does not find the mail authentic',
  why: 'What counts in the end is what the receiver found: where it differs from our own verdict, it saw another address, another key or another letter.',
  source: 'RFC 8601 §2.2, §5 (only fields of a server that one trusts count: mail.delivery.inbox.authserv)',
  severity: 'medium',
  covers: ['D41'],
  codes: {
    'mail.receiver.fail': {
      meaning: 'The receiving server says that SPF, DKIM or DMARC failed.',
      fix: 'Compare its words with mail/received-dkim, mail/received-spf and mail/received-dmarc.',
    },
    'mail.receiver.silent': {
      meaning: 'The declared server wrote no Authentication-Results.',
      fix: 'Correct mail.delivery.inbox.authserv, or switch the verifier of that server on.',
    },
  },
  options: {},
  subjects: eachDelivery(({ inbox }) => inbox.authserv !== undefined),
  unless: { skip: 'not-declared', reason: 'no server is declared whose Authentication-Results are to be believed (mail.delivery.inbox.authserv)' },
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }, { subject }) => {
    if (seen === undefined) return nothingArrived(delivery)
    const at = seenIn(delivery, seen.mail)
    const server = deliveryOf(subject).inbox.authserv ?? ''
    const { receiver } = seen
    const what = `Authentication-Results of ${server}`
    if (receiver === undefined)
      return worst([{ grade: 'warn', code: 'mail.receiver.silent', evidence: { what, expected: 'one field', received: 'none', ...at } }])
    const judged = receiver.methods.filter(({ method }) => ['spf', 'dkim', 'dmarc'].includes(method))
    if (judged.length === 0)
      return skip('not-applicable', 'it says nothing of SPF, DKIM or DMARC', {
        what,
        expected: 'spf, dkim, dmarc',
        received: receiver.methods.map(({ method }) => method).join(', ') || 'none',
        ...at,
      })
    // One DKIM signature that holds is enough; beside DMARC the others are only reasons.
    const dkim = judged.some(({ method, result }) => method === 'dkim' && result === 'pass')
    const dmarc = judged.some(({ method, result }) => method === 'dmarc' && result === 'pass')
    return worst(
      judged.map(({ method, result, properties }): Finding => {
        const identity = properties['header.d'] ?? properties['header.from'] ?? properties['smtp.mailfrom'] ?? ''
        const evidence = { what: `${what}: ${method}`, expected: 'pass', received: `${result}${identity === '' ? '' : ` for ${identity}`}`, ...at }
        if (!BAD.has(result) || (method === 'dkim' && dkim) || (method === 'spf' && dmarc)) return { grade: 'pass', evidence }
        return { grade: 'fail', code: 'mail.receiver.fail', evidence }
      }),
    )
  },
  reproduce: letterLine('the topmost Authentication-Results'),
})
