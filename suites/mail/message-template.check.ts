import { defineCheck } from '../../helpers/check.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { maskedText } from '../../helpers/probes/mail-link.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'
import { withoutComments, withoutElements } from './markup.ts'

/** Blanks of the usual template languages, and what JavaScript and Python write for a value that is not there. */
const BLANKS: readonly (readonly [RegExp, string])[] = [
  [/\{\{[^{}]{0,120}\}\}/, 'a blank of Handlebars, Go, Jinja or Vue'],
  [/\{%[^{}]{0,120}%\}/, 'a tag of Jinja or Liquid'],
  [/<%[=-]?(?:(?!<%)[\s\S]){0,120}?%>/, 'a tag of EJS or ERB'],
  [/\$\{[A-Za-z_][^{}]{0,80}\}/, 'a blank of a template literal'],
  [/(?<![\w%])%(?:[A-Z][A-Z0-9_]{2,40}%|\([A-Za-z_]\w{0,40}\)s)/, 'a blank of %NAME% or %(name)s'],
  [/\[\[[A-Za-z_][^[\]]{0,80}\]\]|\*\|[A-Z][A-Z0-9_:]{1,40}\|\*/, 'a blank of a newsletter tool'],
  [/\[object Object\]/, 'an object written as text'],
  [/\b(?:[Hh]ello|[Hh]i|[Hh]ey|[Dd]ear|[Hh]allo|[Ww]elcome),?\s+(?:undefined|null|None|NaN)\b/, 'a value that was not there'],
  [/:\/\/(?:(?!:\/\/)\S)*[=/](?:undefined|null|None|NaN)(?=[&#/?\s"'<]|$)|:\s?(?:undefined|NaN)\b/m, 'a value that was not there'],
  [/lorem ipsum/i, 'filler text'],
]

export default defineCheck({
  id: 'mail/message-template',
  title: 'Mail has no blank left unfilled',
  failureTitle: 'Mail has blanks that nobody filled',
  why: 'A letter with {{name}} or undefined in it looks like fraud, and its link most often does not work.',
  source: 'Requirements F-mail-12 (unrendered template variables)',
  severity: 'high',
  covers: ['A69'],
  codes: {
    'mail.template.unrendered': {
      meaning: 'A blank of the template stands in the letter as it is.',
      fix: 'Look at the template and at the names of what it is given: a renamed variable renders as nothing.',
    },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { subject }) => {
    const [first] = mail.mails
    if (first === undefined) return nothingArrived(mail)
    const { content } = first
    // Styles have braces of their own.
    const html = withoutComments(withoutElements(content.html ?? '', 'style', 'script'))
    const from = content.from.map(({ name, address }) => `${name} ${address}`).join(' ')
    const places = [
      ['subject', content.subject],
      ['From', from],
      ['text', content.text ?? ''],
      ['HTML', html],
    ] as const
    const found = places.flatMap(([where, text]) =>
      BLANKS.flatMap(([pattern, meaning]) => {
        const match = pattern.exec(text)
        return match === null
          ? []
          : [
              {
                what: where,
                expected: 'text',
                received: `${meaning}: ${maskedText(text.slice(Math.max(0, match.index - 20), match.index + match[0].length + 20)).replace(/\s+/g, ' ')}`,
                ...seenIn(mail, first),
              },
            ]
      }),
    )
    return found.length > 0
      ? fail('mail.template.unrendered', found)
      : pass({
          what: `${subject.name}: subject, From, text and HTML`,
          expected: 'no blank of a template',
          received: `none in ${places.reduce((sum, [, text]) => sum + text.length, 0)} characters`,
          ...seenIn(mail, first),
        })
  },
  reproduce: letterLine('{{, <%, ${, undefined'),
})
