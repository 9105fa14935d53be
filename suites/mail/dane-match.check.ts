import { defineCheck } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { readTlsa, type Tlsa, tlsaNames } from '../../helpers/grammar/tlsa.ts'
import type { MailTls } from '../../helpers/probes/mail-wire.ts'
import { mailTlsa } from '../../helpers/probes/mail-dns.ts'
import { isAnswered } from './shared.ts'
import { atServers, eachExchanger, eachServed, endText, exchangerLooks, line, noServers } from './servers.ts'

const text = ({ usage, selector, matchingType, data }: Tlsa): string => `${usage} ${selector} ${matchingType} ${data.slice(0, 16)}…`

/** Which served certificate a usable record names; usage 3 speaks of the leaf, usage 2 of an authority that is served with it (RFC 7672 §3.1). */
function matchOf(record: Tlsa, { served }: MailTls): number {
  const [leaf, ...above] = served
  if (record.usage === 3) return leaf !== undefined && tlsaNames(record, leaf.raw) ? 0 : -1
  const place = above.findIndex((one) => tlsaNames(record, one.raw))
  if (place >= 0) return place + 1
  return leaf?.isCa === true && tlsaNames(record, leaf.raw) ? 0 : -1
}

export default defineCheck({
  id: 'mail/dane-match',
  title: 'The TLSA records name what the mail servers show',
  failureTitle: 'The TLSA records do not name what a mail server shows',
  why: 'Senders that check DANE hold back all mail to a server whose certificate no record names: the usual end of a renewal that made a new key.',
  source: 'RFC 7672 §2.2, §3.1; RFC 7671 §5.1, §5.2, §8',
  severity: 'high',
  clockSensitive: true,
  codes: {
    'mail.dane.mismatch': {
      meaning: 'No TLSA record of a mail server names the certificate, the key or the authority that it shows.',
      fix: 'Publish the digest of the present key, and keep the key when the certificate is renewed (certbot: --reuse-key); publish the next one before it is used.',
    },
    'mail.dane.no-tls': {
      meaning: 'A mail server has TLSA records and no working STARTTLS: senders that check DANE never deliver in plain text.',
      fix: 'Repair STARTTLS, or remove the records.',
    },
    'mail.dane.authority': {
      meaning: 'The authority is the one that a TLSA record of usage 2 names, but the certificate is for another name or not in date.',
      fix: 'Issue a certificate for the name in MX; with usage 2 names and dates count.',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name), dane: mailTlsa(name) }),
  judge: ({ look, dane }, { now }) =>
    eachExchanger(look, 'no mail server has TLSA records that senders use (mail/dane-tlsa)', (seen, name) => {
      const records = dane.servers.find((one) => one.name === name)
      if (records?.tlsa.ok !== true || !isAnswered(records.tlsa)) return [{ unknown: `TLSA of ${name} was not answered` }]
      // What DNSSEC does not secure, senders ignore.
      const secure = dane.mx.authenticated && records.tlsa.value.authenticated && records.addresses.every((one) => !one.ok || one.value.authenticated)
      const usable = records.tlsa.value.answers
        .filter(({ type }) => type === 'TLSA')
        .map(({ value }) => readTlsa(value))
        .flatMap((read) => (read.ok && (read.value.usage === 2 || read.value.usage === 3) ? [read.value] : []))
      if (!secure || usable.length === 0) return []
      const { tls, ended, extensions, startTls } = seen
      const say = (expected: string, received: string) => line(seen, `what ${name} shows`, expected, received)
      const wanted = `named by one of: ${usable.map(text).join(', ')}`
      if (tls === undefined) {
        if (startTls === undefined && extensions?.keywords.includes('STARTTLS') !== false) return [{ unknown: `${name}: ${endText(ended)}` }]
        if (ended?.failure.code === 'TIMEOUT') return [{ unknown: `${name}: ${endText(ended)}` }]
        return [{ grade: 'fail', code: 'mail.dane.no-tls', evidence: say(wanted, ended === undefined ? 'no TLS (mail/starttls)' : endText(ended)) }]
      }
      const matches = usable.map((record) => ({ record, place: matchOf(record, tls) })).filter(({ place }) => place >= 0)
      const shown = tls.served.map((one) => one.subject || '(empty subject)').join(' < ')
      if (matches.length === 0) return [{ grade: 'fail', code: 'mail.dane.mismatch', evidence: say(wanted, shown) }]
      const leaf = matches.find(({ record }) => record.usage === 3)
      const received = matches
        .map(({ record, place }) => `${text(record)} names ${place === 0 ? 'the leaf' : `the authority ${tls.served[place]?.subject ?? ''}`}`)
        .join('; ')
      if (leaf !== undefined) return [{ grade: 'pass', evidence: say(wanted, received) }]
      const first = tls.served[0]
      const inDate = first !== undefined && Date.parse(first.notBefore) <= now.getTime() && now.getTime() <= Date.parse(first.notAfter)
      const named = first !== undefined && matchServerName(name, first).matches
      // The record may name somebody who did not issue it: what is verified is the way from the leaf to him.
      const verified = matches.some(({ place }) => tls.longest.some(({ sha256 }) => sha256 === tls.served[place]?.sha256))
      if (verified && inDate && named) return [{ grade: 'pass', evidence: say(wanted, received) }]
      const but = !verified
        ? 'the leaf is not signed by it'
        : named
          ? `the leaf is valid from ${first.notBefore} to ${first.notAfter}`
          : `the leaf does not name ${name}`
      return [{ grade: 'fail', code: 'mail.dane.authority', evidence: say(`${wanted}, in date and for ${name}`, `${received}; ${but}`) }]
    }),
  reproduce: ({ name }, target) =>
    atServers(
      target,
      name,
      'openssl s_client -starttls smtp -connect "$mx":25 -dane_tlsa_domain "$mx" -dane_tlsa_rrdata "$(dig +short TLSA _25._tcp."$mx" | head -1)" </dev/null',
    ),
})
