import { defineCheck } from '../../helpers/check.ts'
import { authBeforeTls } from './plain-auth.ts'
import { atServers, eachExchanger, eachServed, endText, exchangerLooks, line, noServers, saidTo } from './servers.ts'

export default defineCheck({
  id: 'mail/mx-auth',
  title: 'Nobody signs in at the servers behind MX',
  failureTitle: 'A server behind MX lets people sign in',
  why: 'Port 25 belongs to other servers. Where it takes passwords, they are guessed there day and night, and without TLS they can be read.',
  source: 'RFC 8314 §3.3; RFC 4954 §4; rules: 25 offers AUTH',
  severity: 'medium',
  codes: {
    'mail.mx-auth.plain': {
      meaning: 'Port 25 takes AUTH before TLS: passwords can be read on the way.',
      fix: 'Switch AUTH off on port 25 (Postfix: smtpd_sasl_auth_enable = no, and yes for submission in master.cf), at least before TLS (smtpd_tls_auth_only = yes).',
    },
    'mail.mx-auth.offered': { meaning: 'Port 25 offers AUTH inside TLS.', fix: 'Let people sign in on 465 or 587 alone, and switch AUTH off on port 25.' },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name) }),
  judge: ({ look }) =>
    eachExchanger(look, 'no server came to EHLO', (seen, name) => {
      const plain = authBeforeTls(seen, name, 'mail.mx-auth.plain', 'high')
      const after = seen.secureExtensions
      if (plain.some((one) => 'unknown' in one || one.grade === 'fail')) return plain
      if (after === undefined) return seen.tls === undefined && seen.ended === undefined ? plain : [...plain, { unknown: `${name}: ${endText(seen.ended)}` }]
      const offered = after.auth ?? []
      const evidence = line(seen, `${name}: AUTH inside TLS`, 'not offered', offered.length === 0 ? 'not offered' : `AUTH ${offered.join(' ')}`)
      return [...plain, after.auth === undefined ? { grade: 'pass', evidence } : { grade: 'warn', code: 'mail.mx-auth.offered', evidence }]
    }),
  reproduce: ({ name }, target) => atServers(target, name, saidTo(`(sleep 1; printf 'EHLO x\\r\\n'; sleep 1)`)),
  covers: ['A72'],
})
