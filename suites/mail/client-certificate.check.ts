import { defineCheck, type Subject } from '../../helpers/check.ts'
import type { Probe } from '../../helpers/probe.ts'
import { type ImapLook, imapLook } from '../../helpers/probes/imap.ts'
import { type SmtpLook, smtpLook } from '../../helpers/probes/smtp.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { certificateProblem, eachImap, eachSubmission, endText, line, opensslMail, type Served } from './servers.ts'

type Kind = 'smtp' | 'imap'
interface Item extends Served<unknown> {
  readonly kind: Kind
}
const of = (kind: Kind, subjects: readonly Subject[]): readonly Subject[] =>
  subjects.map((one): Subject => ({ ...one, item: { ...(one.item as Served<unknown>), kind } satisfies Item }))
const itemOf = (subject: Subject): Item => subject.item as Item
/** Days left below which a renewal has been missed. */
const RENEWAL_DAYS = 7
const DAY_MS = 86_400_000

export default defineCheck({
  id: 'mail/client-certificate',
  title: 'Mail programs accept the certificates of the servers',
  failureTitle: 'Mail programs refuse the certificate of a server',
  why: 'Programs that verify stop sending and reading; those that do not (SMTP_TLS_REJECT_UNAUTHORIZED=0) give the password to anybody.',
  source: 'RFC 8314 §4.1 (certificates are verified); RFC 7817 (names)',
  severity: 'high',
  clockSensitive: true,
  codes: {
    'mail.client-certificate.name': {
      meaning: 'The certificate is for another name.',
      fix: 'Issue one for the name that clients are told, and let this service use it.',
    },
    'mail.client-certificate.untrusted': {
      meaning: 'The certificate leads to no trusted root as it is served.',
      fix: 'Serve the whole chain (fullchain.pem), of a public authority; or declare the private root in network.trust.',
    },
    'mail.client-certificate.dates': {
      meaning: 'The certificate is not in date.',
      fix: 'Renew it, and reload the mail server after every renewal: it does not notice by itself.',
    },
    'mail.client-certificate.expiring': {
      meaning: 'The certificate expires within a week.',
      fix: 'Reload the mail server if the file is newer than what it serves; else look at the renewal.',
    },
  },
  options: { minimumDays: RENEWAL_DAYS },
  subjects: (target) => [...of('smtp', eachSubmission()(target)), ...of('imap', eachImap()(target))],
  unless: { skip: 'not-declared', reason: 'the target names no server that mail is handed to or read on (mail.submission, mail.imap)' },
  needs: (subject) => {
    const { kind, place } = itemOf(subject)
    const look: Probe<SmtpLook | ImapLook> = kind === 'smtp' ? smtpLook(place) : imapLook(place)
    return { look }
  },
  judge: ({ look }, { subject, now, options }) => {
    const { tls, ended, place } = look
    const expected = `for ${place.host}, leading to a trusted root, in date for ${options.minimumDays} days and more`
    const say = (received: string) => line(look, `certificate of ${subject.name}`, expected, received)
    if (tls === undefined) {
      if (ended !== undefined) return inconclusive('unobserved', endText(ended), say(endText(ended)))
      return skip('not-applicable', 'the server shows no certificate (mail/submission-starttls, mail/imap-starttls)', say('no TLS'))
    }
    const problem = certificateProblem(tls, place.host, now)
    const [leaf] = tls.served
    if (problem !== undefined) {
      const codes = { none: 'untrusted', name: 'name', 'self-signed': 'untrusted', untrusted: 'untrusted', dates: 'dates' } as const
      return fail(`mail.client-certificate.${codes[problem.kind]}`, say(problem.text))
    }
    const left = (Date.parse(leaf?.notAfter ?? '') - now.getTime()) / DAY_MS
    const evidence = say(`${leaf?.subject ?? ''}, ${left.toFixed(1)} days left (notAfter ${leaf?.notAfter ?? ''})`)
    return left >= options.minimumDays ? pass(evidence) : warn('mail.client-certificate.expiring', evidence)
  },
  reproduce: (subject, target) => opensslMail(target, itemOf(subject).place, itemOf(subject).kind),
  covers: ['A72'],
})
