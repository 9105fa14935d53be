import { defineCheck } from '../../helpers/check.ts'
import { line, eachServed, atServers, eachExchanger, exchangerLooks, noServers, saidTo } from './servers.ts'

/** `Postfix 3.7.11`, `Exim 4.96`, `Sendmail 8.17.1/8.17.1`, `(2.3.19)`: a number with dots that is no address and no part of a name. */
const VERSION = /(?:^|[\s(/v])(\d{1,3}(?:\.\d{1,4}){1,3}[a-z0-9-]*)(?=$|[\s)/;,])/i
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}$/
/** The first version in a text; a greeting begins with the server's name, which is none. */
function versionIn(text: string): string | undefined {
  const words = text.replace(/^\S+/, '').replaceAll(/\[[^[\]]{0,200}\]/g, ' ')
  const [, found] = VERSION.exec(words) ?? []
  return found === undefined || ADDRESS.test(found) ? undefined : found
}

export default defineCheck({
  id: 'mail/server-version',
  title: 'The mail servers do not tell their version',
  failureTitle: 'A mail server tells its version',
  why: 'Who looks for servers with a known hole finds them by what they say of themselves.',
  source: 'RFC 5321 §7.8 (what is announced is up to the site); rules: version disclosed',
  severity: 'low',
  codes: {
    'mail.version.disclosed': {
      meaning: 'The greeting of a mail server names the version of its software.',
      fix: 'Leave it out (Postfix: smtpd_banner = $myhostname ESMTP; Exim: smtp_banner).',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name) }),
  judge: ({ look }) =>
    eachExchanger(look, 'no server greeted', (seen, name) => {
      const { greeting, ehlo } = seen
      if (greeting === undefined) return [{ unknown: `${name} did not greet` }]
      const texts = [...greeting.lines, ...(ehlo?.lines.slice(0, 1) ?? [])]
      const found = texts.map(versionIn).find((one) => one !== undefined)
      const evidence = line(seen, `greeting of ${name}`, 'no version of software', texts.join(' / ').slice(0, 300))
      return [found === undefined ? { grade: 'pass', evidence } : { grade: 'warn', code: 'mail.version.disclosed', evidence }]
    }),
  reproduce: ({ name }, target) => atServers(target, name, saidTo()),
})
