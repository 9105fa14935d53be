import { defineCheck } from '../../helpers/check.ts'
import { atServers, eachExchanger, eachServed, exchangerLooks, line, noServers, replyText, type Shown, saidTo } from './servers.ts'

export default defineCheck({
  id: 'mail/vrfy-expn',
  title: 'The mail servers do not tell who has a mailbox',
  failureTitle: 'A mail server tells who has a mailbox',
  why: 'VRFY and EXPN let anybody collect names to send spam to and to try passwords on.',
  source: 'RFC 5321 §3.5.3, §7.3',
  severity: 'low',
  codes: {
    'mail.vrfy.enumerable': {
      meaning: 'VRFY answers differently for a mailbox that exists and one that does not.',
      fix: 'Switch it off (Postfix: disable_vrfy_command = yes): 252 for everybody is right.',
    },
    'mail.expn.discloses': { meaning: 'EXPN lists the members of an address.', fix: 'Switch EXPN off.' },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name) }),
  judge: ({ look }) =>
    eachExchanger(look, 'no server was asked', (seen, name): Shown<'mail.vrfy.enumerable' | 'mail.expn.discloses'> => {
      const { vrfy, expn } = seen
      if (vrfy === undefined || expn === undefined) return [{ unknown: `${name} was not asked to the end` }]
      const { postmaster, nobody } = vrfy
      const first = line(
        seen,
        `${name}: VRFY`,
        'the same answer for everybody (252, or not implemented)',
        `postmaster: ${replyText(postmaster)}; a name made up: ${replyText(nobody)}`,
      )
      const second = line(seen, `${name}: EXPN`, 'refused', replyText(expn))
      // Temporary answers may differ for reasons of their own.
      const temporary = [postmaster, nobody].some(({ code }) => code >= 400 && code < 500)
      return [
        postmaster.code === nobody.code
          ? { grade: 'pass', evidence: first }
          : temporary
            ? { unknown: `${name}: VRFY was deferred`, evidence: first }
            : { grade: 'warn', code: 'mail.vrfy.enumerable', evidence: first },
        expn.code === 250 ? { grade: 'warn', code: 'mail.expn.discloses', evidence: second } : { grade: 'pass', evidence: second },
      ]
    }),
  reproduce: ({ name }, target) =>
    atServers(target, name, saidTo(`(sleep 1; printf 'EHLO x\\r\\nVRFY postmaster\\r\\nVRFY nobody-7f3a\\r\\nEXPN postmaster\\r\\n'; sleep 2)`)),
})
