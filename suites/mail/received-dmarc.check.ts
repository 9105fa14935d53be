import { defineCheck } from '../../helpers/check.ts'
import type { TableFigure } from '../../helpers/figure.ts'
import { type Authentication, mailAuthentication } from '../../helpers/probes/mail-authentication.ts'
import { fail, illustrated, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

function tableOf(name: string, { signatures, spf, spfUnknown, arc, fromDomain, receiver, walk }: Authentication): TableFigure {
  const modes = walk?.policy?.record
  const aligned = (relaxed: boolean, strict: boolean, mode: 'r' | 's' | undefined): string =>
    (mode === 's' ? strict : relaxed) ? 'yes' : relaxed ? 'relaxed only' : 'no'
  const theirs = (method: string): string =>
    receiver?.methods
      .filter((one) => one.method === method)
      .map(({ result }) => result)
      .join(', ') ?? ''
  return {
    kind: 'table',
    title: `Authentication of ${name}, From ${fromDomain}`,
    columns: ['method', 'identity', 'result', 'aligned', 'receiver says'],
    rows: [
      [
        'SPF',
        spf?.domain ?? '',
        spf?.evaluation.result ?? `unknown: ${spfUnknown ?? ''}`,
        spf === undefined ? '' : aligned(spf.relaxed, spf.strict, modes?.aspf),
        theirs('spf'),
      ],
      ...signatures.map((one) => [
        'DKIM',
        one.signature === undefined ? '' : `${one.signature.selector}@${one.signature.domain}`,
        one.result,
        aligned(one.relaxed, one.strict, modes?.adkim),
        theirs('dkim'),
      ]),
      ['ARC', arc.newest ?? '', arc.sets === 0 ? 'none' : `${arc.sets} sets, cv=${arc.chain ?? '?'}`, '', theirs('arc')],
      ['DMARC', walk?.policy?.domain ?? 'no record', modes?.p ?? '', '', theirs('dmarc')],
    ],
  }
}

export default defineCheck({
  id: 'mail/received-dmarc',
  title: 'The received mail is aligned with its From',
  failureTitle: 'The received mail is not aligned with its From',
  why: 'DMARC asks whether the domain that people see is the one that DKIM or SPF proves; where neither is, a strict policy sends the own mail to nowhere.',
  source: 'RFC 9989 §4.4 (alignment), §4.10 (organisational domain by tree walk), §5.3 (one aligned pass is enough)',
  severity: 'high',
  covers: ['D41'],
  codes: {
    'mail.aligned.none': {
      meaning: 'Neither DKIM nor SPF passes for the domain of From.',
      fix: 'Sign with d= of the From domain; set the bounce address to the domain or a sub-domain of it.',
    },
    'mail.aligned.spf-only': { meaning: 'Only SPF is aligned: the first forwarding breaks it.', fix: 'Sign with d= of the From domain.' },
    'mail.aligned.dkim-only': { meaning: 'Only DKIM is aligned.', fix: 'Set the bounce address (Return-Path) to the domain or a sub-domain of it.' },
    'mail.aligned.no-from': { meaning: 'From has no domain to judge.', fix: 'Send one From with one address.' },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }, { subject }): Verdict => {
    if (seen === undefined) return nothingArrived(delivery)
    const { signatures, spf, spfUnknown, fromDomain, walk } = seen
    const at = seenIn(delivery, seen.mail)
    const figure = tableOf(subject.name, seen)
    if (fromDomain === '' || seen.mail.content.from.length !== 1)
      return illustrated(
        fail('mail.aligned.no-from', {
          what: 'From',
          expected: 'one address',
          received: seen.mail.content.from.map(({ address }) => address).join(', ') || '(none)',
          ...at,
        }),
        figure,
      )
    const record = walk?.policy?.record
    const fits = (one: { readonly relaxed: boolean; readonly strict: boolean }, mode: 'r' | 's' | undefined): boolean =>
      mode === 's' ? one.strict : one.relaxed
    const dkim = signatures.some((one) => one.result === 'pass' && fits(one, record?.adkim))
    const bySpf = spf !== undefined && spf.evaluation.result === 'pass' && fits(spf, record?.aspf)
    const received = [
      `DKIM: ${signatures.map(({ signature, result, relaxed, strict }) => `${signature?.domain ?? 'unread'} ${result}${relaxed ? '' : ', another domain'}${relaxed && !strict ? ', a related one' : ''}`).join('; ') || 'none'}`,
      `SPF: ${spf === undefined ? `unknown, ${spfUnknown ?? ''}` : `${spf.domain} ${spf.evaluation.result}${spf.relaxed ? '' : ', another domain'}${spf.relaxed && !spf.strict ? ', a related one' : ''}`}`,
    ].join('. ')
    const evidence = {
      what: `DMARC of ${fromDomain}${record === undefined ? ' (no record)' : ` (p=${record.p ?? '?'}, adkim=${record.adkim}, aspf=${record.aspf})`}`,
      expected: 'DKIM aligned, and SPF',
      received,
      ...at,
    }
    const uncertain =
      walk === undefined || walk.unanswered.length > 0 || signatures.some(({ result }) => result === 'temperror') || spf?.evaluation.result === 'temperror'
    if (dkim && (bySpf || spf === undefined)) return illustrated(pass(evidence), figure)
    if (dkim) return illustrated(warn('mail.aligned.dkim-only', evidence, 'low'), figure)
    if (uncertain)
      return illustrated(inconclusive('unobserved', `what would align it could not be asked for: ${walk?.unanswered.join(', ') || received}`, evidence), figure)
    if (bySpf) return illustrated(warn('mail.aligned.spf-only', evidence, 'medium'), figure)
    return illustrated(fail('mail.aligned.none', evidence), figure)
  },
  reproduce: letterLine('From, d= of DKIM-Signature, Return-Path, then dig TXT _dmarc of the From domain'),
})
