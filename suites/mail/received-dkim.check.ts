import { defineCheck } from '../../helpers/check.ts'
import { mailAuthentication, type SignatureSeen } from '../../helpers/probes/mail-authentication.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

export default defineCheck({
  id: 'mail/received-dkim',
  title: 'The received mail carries a DKIM signature that holds',
  failureTitle: 'The received mail carries no DKIM signature that holds',
  why: 'The signature is the only proof that survives forwarding; a broken one is worse than none, since everything rests on SPF without anybody noticing.',
  source: 'RFC 6376 §3.5, §6.1 (verification), §8.2 (l=); RFC 8301 §3 (SHA-256, at least 1024, better 2048 bits); RFC 8463',
  severity: 'high',
  covers: ['D41'],
  codes: {
    'mail.signature.none': { meaning: 'There is no DKIM signature.', fix: 'Switch signing on (opendkim, rspamd, the provider) for what this sender sends.' },
    'mail.signature.broken': {
      meaning: 'The signature does not hold: fields or body changed after signing.',
      fix: 'Sign last, behind whatever adds footers, rewrites links or re-encodes.',
    },
    'mail.signature.unusable': {
      meaning: 'The signature cannot be verified: key, algorithm or form.',
      fix: 'Publish the key of the selector in the evidence, and sign with rsa-sha256 or ed25519-sha256.',
    },
    'mail.signature.alien': {
      meaning: 'It holds, but it is of another domain than From.',
      fix: 'Let the provider sign with your own domain (custom DKIM, CNAMEs of the selectors).',
    },
    'mail.signature.expired': { meaning: 'It had expired when it arrived (x=).', fix: 'Leave x= out, or let it be days.' },
    'mail.signature.length': {
      meaning: 'Only a part of the body is signed (l=): anybody can add text below.',
      fix: 'Sign without l= (opendkim: BodyLengths no).',
    },
    'mail.signature.fields': { meaning: 'Subject, To or Date are not signed.', fix: 'Sign the fields that people see (opendkim: SignHeaders).' },
    'mail.signature.oversign': {
      meaning: 'From is not signed once more than it stands there: a second one can be added.',
      fix: 'Name From twice in h= (opendkim: OversignHeaders From).',
    },
    'mail.signature.short': { meaning: 'The RSA key has fewer than 2048 bits.', fix: 'Make a key of 2048 bits under a new selector.' },
  },
  options: { goodBits: 2048 },
  clockSensitive: true,
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }, { options }) => {
    if (seen === undefined) return nothingArrived(delivery)
    const { signatures, fromDomain } = seen
    const at = seenIn(delivery, seen.mail)
    const line = ({ signature, result, reason, keyBits }: SignatureSeen): string =>
      signature === undefined
        ? `${result}: ${reason}`
        : `${result}: ${reason}; d=${signature.domain} s=${signature.selector} ${signature.algorithm}${keyBits === undefined ? '' : `, ${keyBits} bits`}${signature.length === undefined ? '' : `, l=${signature.length}`}`
    const evidence = (one: SignatureSeen, expected: string) => ({ what: `DKIM signature ${one.keyName ?? ''}`.trim(), expected, received: line(one), ...at })
    const holds = 'holds, for the domain of From'
    if (signatures.length === 0)
      return worst([{ grade: 'fail', code: 'mail.signature.none', evidence: { what: 'DKIM signature', expected: holds, received: 'none', ...at } }])
    const good = signatures.filter(({ result, relaxed }) => result === 'pass' && relaxed)
    // One of the own domain that holds is enough (RFC 6376 §6.1): others are those of the provider, or old.
    if (good.length === 0) {
      const unknown = signatures.find(({ result }) => result === 'temperror')
      const own = signatures.filter(({ relaxed }) => relaxed)
      const worstOf = own[0] ?? signatures[0]
      if (unknown !== undefined && !own.some(({ result }) => result === 'fail'))
        return inconclusive(
          'unobserved',
          unknown.reason,
          signatures.map((one) => evidence(one, holds)),
        )
      const code =
        worstOf === undefined || (own.length === 0 && worstOf.result === 'pass')
          ? 'mail.signature.alien'
          : worstOf.result === 'fail'
            ? 'mail.signature.broken'
            : 'mail.signature.unusable'
      return worst(signatures.map((one): Finding => ({ grade: 'fail', code, evidence: evidence(one, `${holds} ${fromDomain}`) })))
    }
    const arrived = seen.mail.arrivedAt / 1000
    return worst(
      good.flatMap((one): Finding[] => {
        const { signature } = one
        if (signature === undefined) return []
        const found: Finding[] = []
        const add = (code: string, expected: string, received: string): void =>
          void found.push({ grade: 'warn', code, evidence: { ...evidence(one, expected), received: `${received}; ${line(one)}` } })
        if (signature.expiresAt !== undefined && signature.expiresAt < arrived)
          add(
            'mail.signature.expired',
            'no end before it arrives',
            `x=${signature.expiresAt}, ${Math.round(arrived - signature.expiresAt)} s before it arrived`,
          )
        if (signature.length !== undefined)
          add('mail.signature.length', 'the whole body signed', `${one.signedBytes ?? 0} of ${one.bodyBytes ?? 0} bytes signed`)
        const missing = ['subject', 'to', 'date'].filter(
          (name) => !signature.signed.includes(name) && seen.mail.content.fields.some((field) => field.name.toLowerCase() === name),
        )
        if (missing.length > 0) add('mail.signature.fields', 'Subject, To and Date signed', `without ${missing.join(', ')}`)
        const times = signature.signed.filter((name) => name === 'from').length
        if (times < 2) found.push({ grade: 'warn', code: 'mail.signature.oversign', severity: 'low', evidence: evidence(one, 'From named twice in h=') })
        if (one.keyBits !== undefined && signature.algorithm.startsWith('rsa') && one.keyBits < options.goodBits)
          add('mail.signature.short', `${options.goodBits} bits`, `${one.keyBits} bits`)
        return found.length > 0 ? found : [{ grade: 'pass', evidence: evidence(one, holds) }]
      }),
    )
  },
  reproduce: letterLine('opendkim-testmsg < letter.eml'),
})
