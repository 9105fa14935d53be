import { defineCheck } from '../../helpers/check.ts'
import { atExchangers } from '../../helpers/probes/mail-exchangers.ts'
import { smtpInjection } from '../../helpers/probes/smtp.ts'
import { injectionShown } from './injection.ts'
import { atServers, eachExchanger, eachServed, exchangerLooks, noServers, saidTo } from './servers.ts'

export default defineCheck({
  id: 'mail/starttls-injection',
  title: 'The mail servers forget what was said before TLS',
  failureTitle: 'A mail server obeys inside TLS what was said in plain text',
  why: 'Somebody on the way can then slip commands into an encrypted conversation, and have mail or passwords delivered to himself.',
  source: 'CVE-2011-0411; RFC 3207 §4.2',
  severity: 'high',
  codes: {
    'mail.starttls.injection': {
      meaning: 'A command said in plain text right behind STARTTLS is answered inside TLS.',
      fix: 'Update the server: it must throw away its input buffer before the handshake.',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: atExchangers(name, 'injection', 'read', smtpInjection), usual: exchangerLooks(name) }),
  judge: ({ look, usual }) =>
    eachExchanger(look, 'no server agreed to STARTTLS (mail/starttls)', (seen, name) =>
      injectionShown(
        seen,
        name,
        'mail.starttls.injection',
        usual.servers.some((one) => one.name === name && one.seen.ok && one.seen.value.peer === seen.peer && one.seen.value.tls !== undefined),
      ),
    ),
  reproduce: ({ name }, target) =>
    atServers(target, name, `${saidTo(`(sleep 1; printf 'EHLO x\\r\\n'; sleep 1; printf 'STARTTLS\\r\\nNOOP\\r\\n'; sleep 2)`)} | od -c`),
})
