import { defineCheck } from '../../helpers/check.ts'
import { exchangerPointers } from '../../helpers/probes/mail-exchangers.ts'
import { type Evidence, fail } from '../../helpers/verdict.ts'
import { isAnswered, lookLine } from './shared.ts'
import { atServers, eachExchanger, eachServed, endText, exchangerLooks, line, noServers, refusedServers, replyText, type Shown, saidTo } from './servers.ts'

const nameOf = (text: string): string => (text.trim().split(/[ \t]/, 1)[0] ?? '').toLowerCase().replace(/\.$/, '')

export default defineCheck({
  id: 'mail/banner-ehlo',
  title: 'The mail servers greet, and by their own name',
  failureTitle: 'A mail server does not greet as it should',
  why: 'A server that turns strangers away takes no mail; one that calls itself by a name its address does not have is taken for a machine of somebody else, and scored as spam.',
  source: 'RFC 5321 §4.2, §4.3.1; RFC 1912 §2.1',
  severity: 'low',
  codes: {
    'mail.banner.no-listener': { meaning: 'Nothing listens on port 25 of a mail server.', fix: 'Start it, or take it out of MX.' },
    'mail.banner.refused': {
      meaning: 'A mail server greets with a refusal (5xx).',
      fix: 'Look at its log; if it refuses this machine alone, let it in or look from elsewhere.',
    },
    'mail.banner.deferred': { meaning: 'A mail server greets with a temporary refusal (4xx).', fix: 'Look at its limits and its log.' },
    'mail.ehlo.refused': {
      meaning: 'A mail server does not answer EHLO with 250.',
      fix: 'Look at the filter or proxy before it; everything newer than 1995 begins with EHLO.',
    },
    'mail.banner.name': {
      meaning: 'The name a mail server greets with is none of the names of its address.',
      fix: 'Let PTR and the name in the greeting be the same (Postfix: myhostname).',
    },
    'mail.banner.without-pointer': { meaning: 'The address of a mail server has no name (PTR).', fix: 'Have the provider set PTR to the name it greets with.' },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name), pointers: exchangerPointers(name) }),
  judge: ({ look, pointers }) => {
    const dead = refusedServers(look)
    if (dead.length > 0)
      return fail(
        'mail.banner.no-listener',
        dead.map(
          ({ name, address }): Evidence => ({
            what: `${name} [${address ?? ''}]`,
            expected: 'a greeting',
            received: 'the connection was refused',
            where: `${address ?? name}:25`,
          }),
        ),
        'high',
      )
    return eachExchanger(look, 'no server was asked', (seen, name): Shown => {
      const { greeting, ehlo, ended } = seen
      const say = (received: string): Evidence => line(seen, `greeting of ${name}`, '220 with the name of its address, then 250 to EHLO', received)
      if (greeting === undefined) return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
      if (greeting.code >= 500) return [{ grade: 'fail', code: 'mail.banner.refused', evidence: say(replyText(greeting)) }]
      if (greeting.code !== 220) return [{ grade: 'fail', code: 'mail.banner.deferred', evidence: say(replyText(greeting)) }]
      if (ehlo === undefined) return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
      if (ehlo.code !== 250) return [{ grade: 'fail', code: 'mail.ehlo.refused', evidence: say(`EHLO: ${replyText(ehlo)}`) }]
      const called = nameOf(greeting.lines[0] ?? '')
      const asked = pointers.servers.filter((one) => one.name === name)
      const names = asked.flatMap(({ pointer }) =>
        pointer.ok ? pointer.value.answers.filter(({ type }) => type === 'PTR').map(({ value }) => value.toLowerCase().replace(/\.$/, '')) : [],
      )
      const shown = say(
        `calls itself ${called || 'nothing'}; names of its address: ${asked.map(({ address, pointer }) => `${address} ${lookLine(pointer)}`).join(', ') || 'none known'}`,
      )
      if (names.includes(called)) return [{ grade: 'pass', evidence: shown }]
      if (asked.length === 0 || asked.some(({ pointer }) => !isAnswered(pointer)))
        return [{ unknown: `the names of ${name}'s address are not known`, evidence: shown }]
      return [{ grade: 'warn', code: names.length === 0 ? 'mail.banner.without-pointer' : 'mail.banner.name', evidence: shown }]
    })
  },
  reproduce: ({ name }, target) =>
    atServers(target, name, `${saidTo(`(sleep 1; printf 'EHLO x\\r\\n'; sleep 1)`)}; dig +short -x "$(dig +short "$mx" | tail -1)"`),
})
