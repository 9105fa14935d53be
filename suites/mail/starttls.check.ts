import { defineCheck } from '../../helpers/check.ts'
import { atExchangers } from '../../helpers/probes/mail-exchangers.ts'
import { smtpOldTls } from '../../helpers/probes/smtp.ts'
import { atServers, eachExchanger, eachServed, exchangerLooks, line, noServers, startTlsShown } from './servers.ts'

const codes = {
  'mail.starttls.absent': {
    meaning: 'A mail server does not offer STARTTLS: all mail to it crosses the network in plain text.',
    fix: 'Give it a certificate and switch TLS on (Postfix: smtpd_tls_security_level = may).',
  },
  'mail.starttls.refused': {
    meaning: 'A mail server offers STARTTLS and then refuses it.',
    fix: 'Look at its log: certificate or key can usually not be read.',
  },
  'mail.starttls.broken': {
    meaning: 'A mail server agrees to STARTTLS, and no handshake of TLS 1.2 or 1.3 comes about.',
    fix: 'Look at its log; allow TLS 1.2 and 1.3 (Postfix: smtpd_tls_protocols = >=TLSv1.2).',
  },
  'mail.starttls.deaf': {
    meaning: 'A mail server does not answer EHLO once TLS is on.',
    fix: 'The state must begin anew after the handshake (RFC 3207 §4.2): look at the proxy or filter before the server.',
  },
  'mail.starttls.old-versions': {
    meaning: 'A mail server agrees to TLS 1.0 or 1.1.',
    fix: 'Allow TLS 1.2 and 1.3 alone (Postfix: smtpd_tls_protocols = >=TLSv1.2).',
  },
}

export default defineCheck({
  id: 'mail/starttls',
  title: 'The mail servers encrypt what they are sent',
  failureTitle: 'A mail server does not encrypt what it is sent',
  why: 'Without STARTTLS every mail to the domain, password resets too, can be read and changed on its way; a broken one delays mail or strips encryption.',
  source: 'RFC 3207; RFC 8996 (TLS 1.0 and 1.1)',
  severity: 'high',
  codes,
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name), old: atExchangers(name, 'old TLS', 'read', smtpOldTls) }),
  judge: ({ look, old }) =>
    eachExchanger(look, 'no server came to EHLO', (seen, name) => {
      const shown = startTlsShown(seen, name, {
        absent: 'mail.starttls.absent',
        refused: 'mail.starttls.refused',
        broken: 'mail.starttls.broken',
        deaf: 'mail.starttls.deaf',
      })
      const tried = old.servers.find((one) => one.name === name && one.address === seen.place.address)?.seen
      const version = tried?.ok === true ? tried.value.protocol : undefined
      if (tried?.ok !== true || version === undefined) return shown
      const evidence = line(tried.value, `oldest TLS of ${name}`, 'TLS 1.2 or 1.3', `${version} is agreed to`)
      return [...shown, { grade: 'warn', code: 'mail.starttls.old-versions', evidence, severity: 'medium' }]
    }),
  reproduce: ({ name }, target) => atServers(target, name, 'openssl s_client -starttls smtp -connect "$mx":25 </dev/null'),
  covers: ['A72'],
})
