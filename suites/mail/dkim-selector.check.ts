import { defineCheck, type Subject } from '../../helpers/check.ts'
import { readDkimKey } from '../../helpers/grammar/dkim-key.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { digFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { isAnswer, seenAt, sendersOf, txtOf } from './shared.ts'

const nameOf = (subject: Subject): string => subject.item as string
const eachSelector = (target: Target): readonly Subject[] =>
  sendersOf(target).flatMap((sender) =>
    [...new Set(sender.dkim ?? [])].map((selector): Subject => {
      const name = `${selector.toLowerCase()}._domainkey.${sender.dkimDomain}`
      return { name: `${sender.name} ${name}`, item: name }
    }),
  )

export default defineCheck({
  id: 'mail/dkim-selector',
  title: 'Every declared DKIM selector has a usable key',
  failureTitle: 'A declared DKIM selector has no usable key',
  why: 'Signatures whose key is missing, withdrawn or too short count as none: mail then rests on SPF alone, which breaks with the first forwarding.',
  source: 'RFC 6376 §3.6.1, §3.6.2.2 (one record); RFC 8301 §3.2 (at least 1024, better 2048 bits); RFC 8463 (Ed25519)',
  severity: 'high',
  covers: ['D41'],
  codes: {
    'mail.dkim.missing': {
      meaning: 'There is no key at the selector.',
      fix: 'Publish the TXT record (or the CNAME) that the sending system or provider shows.',
    },
    'mail.dkim.several': {
      meaning: 'There are several TXT records at the selector: which one counts is undefined.',
      fix: 'Leave the one that belongs to the signing key.',
    },
    'mail.dkim.malformed': {
      meaning: 'The record is no DKIM key.',
      fix: 'Publish the record anew, whole: a long key is several strings of one record, joined without anything between.',
    },
    'mail.dkim.revoked': { meaning: 'The key is withdrawn (p= is empty).', fix: 'Sign with another selector, or publish the key again.' },
    'mail.dkim.weak': { meaning: 'The RSA key has fewer than 1024 bits: receivers must not accept it.', fix: 'Make a key of 2048 bits under a new selector.' },
    'mail.dkim.short': { meaning: 'The RSA key has fewer than 2048 bits.', fix: 'Make a key of 2048 bits under a new selector.' },
    'mail.dkim.testing': {
      meaning: 'The key says t=y: receivers may treat the mail as if it were not signed.',
      fix: 'Remove y from t= once signatures are known to be good.',
    },
    'mail.dkim.not-for-mail': { meaning: 'The key is for another service than mail (s=).', fix: 'Remove s=, or add email to it.' },
    'mail.dkim.hash': { meaning: 'The key allows no hash but SHA-1 (h=), which nobody accepts.', fix: 'Remove h=, or add sha256 to it.' },
  },
  options: { leastBits: 1024, goodBits: 2048 },
  subjects: eachSelector,
  unless: { skip: 'not-declared', reason: 'no sender with DKIM selectors is declared (mail.senders)' },
  needs: (subject) => ({ key: dnsQuery({ name: nameOf(subject), type: 'TXT' }) }),
  judge: ({ key }, { options }) => {
    const evidence = seenAt(key, `one DKIM key: RSA of at least ${options.goodBits} bits, or Ed25519`)
    if (!isAnswer(key)) return inconclusive('unobserved', `TXT was answered with ${key.rcode}`, evidence)
    const [text, ...others] = txtOf(key)
    if (text === undefined) return fail('mail.dkim.missing', evidence)
    if (others.length > 0) return fail('mail.dkim.several', evidence)
    const read = readDkimKey(text)
    if (!read.ok) return fail('mail.dkim.malformed', { ...evidence, received: `${read.error}: ${text}` })
    const { type, bits = 0, revoked, testing, forMail, hashes } = read.value
    if (revoked) return fail('mail.dkim.revoked', evidence)
    const shown = {
      ...evidence,
      received: `${type === 'rsa' ? `RSA, ${bits} bits` : 'Ed25519'}${testing ? ', t=y' : ''}${hashes.length === 0 ? '' : `, h=${hashes.join(':')}`}${forMail ? '' : ', not for mail'}: ${text}`,
    }
    if (type === 'rsa' && !(bits >= options.leastBits)) return fail('mail.dkim.weak', shown)
    if (!forMail) return fail('mail.dkim.not-for-mail', shown)
    if (hashes.length > 0 && !hashes.includes('sha256')) return fail('mail.dkim.hash', shown)
    if (testing) return warn('mail.dkim.testing', shown)
    return type === 'rsa' && !(bits >= options.goodBits) ? warn('mail.dkim.short', shown) : pass(shown)
  },
  reproduce: (subject, target) => digFor(target, nameOf(subject), 'TXT'),
})
