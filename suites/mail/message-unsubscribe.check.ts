import { defineCheck } from '../../helpers/check.ts'
import { listUris, valuesOf } from '../../helpers/grammar/mail-fields.ts'
import { mailAuthentication } from '../../helpers/probes/mail-authentication.ts'
import { maskedUrl } from '../../helpers/probes/mail-link.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, leadsInside, letterLine, nothingArrived, seenIn } from './delivery.ts'

const hostOfUri = (uri: string): string => /^https?:\/\/(\[[^\]]*\]|[^/?#:]*)/i.exec(uri)?.[1]?.toLowerCase() ?? ''

export default defineCheck({
  id: 'mail/message-unsubscribe',
  title: 'A newsletter can be left with one click',
  failureTitle: 'A newsletter cannot be left with one click',
  why: 'Large receivers demand it of everybody who sends to many; without it people press the junk button, and that sinks all mail of the domain.',
  source: 'RFC 2369 §3.2 (List-Unsubscribe); RFC 8058 §3.1, §4 (one click, https, signed); sender guidelines of Gmail and Yahoo, 2024',
  severity: 'medium',
  covers: ['A76'],
  codes: {
    'mail.unsubscribe.missing': {
      meaning: 'There is no List-Unsubscribe.',
      fix: 'Switch it on in the newsletter tool (Listmonk: Settings, Privacy, List-Unsubscribe header).',
    },
    'mail.unsubscribe.one-click': {
      meaning: 'There is no way to leave with one click: List-Unsubscribe-Post or an https address is missing.',
      fix: 'Send List-Unsubscribe-Post: List-Unsubscribe=One-Click and an https address that takes POST.',
    },
    'mail.unsubscribe.address': {
      meaning: 'An address to leave at leads inside or is http.',
      fix: 'Set the root URL of the newsletter tool to its public https address.',
    },
    'mail.unsubscribe.unsigned': {
      meaning: 'The fields are not signed: receivers do not follow them.',
      fix: 'Sign List-Unsubscribe and List-Unsubscribe-Post (h= of the DKIM signature).',
    },
    'mail.unsubscribe.malformed': {
      meaning: 'A field is not of its grammar.',
      fix: 'Write addresses in angle brackets, separated by commas, and exactly List-Unsubscribe=One-Click.',
    },
  },
  options: {},
  subjects: eachDelivery(({ kind }) => kind === 'newsletter'),
  unless: { skip: 'not-declared', reason: 'no delivery of kind newsletter is declared (mail.delivery)' },
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }, { target }) => {
    if (seen === undefined) return nothingArrived(delivery)
    const { fields } = seen.mail.content
    const at = seenIn(delivery, seen.mail)
    const findings: Finding[] = []
    const add = (what: string, expected: string, received: string, code?: string, grade: 'warn' | 'fail' = 'fail'): void =>
      void findings.push({ grade: code === undefined ? 'pass' : grade, ...(code === undefined ? {} : { code }), evidence: { what, expected, received, ...at } })
    const lists = valuesOf(fields, 'list-unsubscribe')
    const posts = valuesOf(fields, 'list-unsubscribe-post')
    const uris = lists.flatMap(listUris)
    const shown = uris.map(maskedUrl).join(', ')
    if (lists.length === 0) {
      add('List-Unsubscribe', 'an https address and, for older programs, a mailto', '(none)', 'mail.unsubscribe.missing')
      return worst(findings)
    }
    if (lists.length > 1 || uris.length === 0)
      add('List-Unsubscribe', 'one field, addresses in angle brackets', maskedUrl(lists.join(' | ').slice(0, 200)), 'mail.unsubscribe.malformed')
    const web = uris.filter((uri) => /^https?:/i.test(uri))
    const inner = web.filter((uri) => /^http:/i.test(uri) || leadsInside(hostOfUri(uri), target))
    if (inner.length > 0) add('List-Unsubscribe', 'https, to a host that everybody reaches', inner.map(maskedUrl).join(', '), 'mail.unsubscribe.address')
    if (posts.length > 1 || (posts[0] !== undefined && !/^List-Unsubscribe=One-Click$/i.test(posts[0])))
      add('List-Unsubscribe-Post', 'List-Unsubscribe=One-Click', posts.join(' | ').slice(0, 200), 'mail.unsubscribe.malformed')
    else if (posts.length === 0 || web.length === 0)
      add(
        'List-Unsubscribe-Post',
        'List-Unsubscribe=One-Click beside an https address',
        `${posts[0] ?? '(none)'}; ${shown || '(no address)'}`,
        'mail.unsubscribe.one-click',
        'warn',
      )
    else {
      const good = seen.signatures.filter(({ result }) => result === 'pass')
      const covered = good.some(
        ({ signature }) => signature?.signed.includes('list-unsubscribe') === true && signature.signed.includes('list-unsubscribe-post'),
      )
      // What is wrong with the signature itself is told by mail/received-dkim.
      if (good.length > 0 && !covered)
        add(
          'h= of the signature',
          'names List-Unsubscribe and List-Unsubscribe-Post',
          good.map(({ signature }) => signature?.signed.join(':') ?? '').join(' | '),
          'mail.unsubscribe.unsigned',
          'warn',
        )
    }
    add('List-Unsubscribe', 'https address', shown)
    return worst(findings)
  },
  reproduce: letterLine('List-Unsubscribe, List-Unsubscribe-Post, h= of DKIM-Signature'),
})
