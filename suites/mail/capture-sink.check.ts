import { defineCheck } from '../../helpers/check.ts'
import { withoutTrailing } from '../../helpers/grammar/linear.ts'
import { mailSinkLook } from '../../helpers/probes/mail-sinks.ts'
import type { Target } from '../../helpers/target.ts'
import type { MailDelivery, MailSink } from '../../helpers/target/mail-delivery.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import type { Subject } from '../../helpers/check.ts'
import { deliveriesOf, seenIn } from './delivery.ts'

interface Pair {
  readonly delivery: MailDelivery
  readonly sink: MailSink
}
const pairOf = (subject: Subject): Pair => subject.item as Pair
const pairs = (target: Target): readonly Subject[] =>
  deliveriesOf(target).flatMap((delivery) =>
    (target.file.mail?.sinks ?? []).map(
      (sink): Subject => ({ name: `${delivery.name} ${sink.url.replaceAll('{domain}', target.domain)}`, item: { delivery, sink } satisfies Pair }),
    ),
  )
const LISTS = { mailhog: '/api/v2/messages', mailpit: '/api/v1/messages', maildev: '/email' } as const
/** There is no catcher there any more. */
const GONE: ReadonlySet<string> = new Set(['ECONNREFUSED', 'NXDOMAIN', 'ENOTFOUND', 'NODATA', 'HTTP_404', 'HTTP_410'])

export default defineCheck({
  id: 'mail/capture-sink',
  title: 'No mail lands in the catcher',
  failureTitle: 'Mail lands in the catcher',
  why: 'With EMAIL_TEST_MODE left on, everything says "sent" and nobody gets anything; and whoever sees the catcher reads every reset link.',
  source: 'Requirements A68, F-mail-1',
  severity: 'critical',
  covers: ['A68'],
  codes: {
    'mail.sink.captured': { meaning: 'The mail was caught instead of delivered.', fix: 'Set EMAIL_TEST_MODE=false (or the SMTP host) and restart what sends.' },
    'mail.sink.copied': {
      meaning: 'The mail was delivered, and a copy of it was caught.',
      fix: 'Take the catcher out of what sends: its copies hold every reset link.',
    },
  },
  options: {},
  subjects: pairs,
  unless: { skip: 'not-declared', reason: 'no catcher is declared beside a delivery (mail.sinks)' },
  needs: (subject) => ({ sink: mailSinkLook(pairOf(subject).delivery, pairOf(subject).sink) }),
  judge: ({ sink: { delivery, url, caught, failure, removed } }) => {
    const evidence = { what: `mail to ${delivery.address} in ${url}`, expected: 'none', ...seenIn(delivery), where: url }
    if (delivery.trigger?.taken !== true) return skip('not-applicable', 'nothing was triggered (mail/delivery)', { ...evidence, received: delivery.state })
    if (failure !== undefined) {
      const received = `${failure.message} (${failure.code})`
      if (GONE.has(failure.code)) return pass({ ...evidence, received: `there is no catcher: ${received}` })
      return inconclusive(
        failure.code === 'UNMAPPED' || failure.code === 'NO_SECRET' ? 'misused' : 'unobserved',
        `the catcher could not be asked: ${received}`,
        { ...evidence, received },
      )
    }
    if (caught.length === 0) return pass({ ...evidence, received: 'none' })
    const shown = caught.map((one) => ({
      ...evidence,
      received: `from ${one.from} to ${one.to.join(', ')}: ${one.subject}${removed ? ' (removed again)' : ''}`,
    }))
    return delivery.state === 'arrived' ? fail('mail.sink.copied', shown, 'high') : fail('mail.sink.captured', shown)
  },
  reproduce: (subject, target) => {
    const { sink } = pairOf(subject)
    return curlFor(target, `${withoutTrailing(sink.url.replaceAll('{domain}', target.domain), '/')}${LISTS[sink.product]}`, { flags: ['-sS'] })
  },
})
