/** Whether a mail catcher got what an application sent. Facts only. */
import { type Probe, ProbeError, type ProbeFailure } from '../probe.ts'
import type { MailDelivery, MailSink } from '../target/mail-delivery.ts'
import { type DeliveryObservation, mailDelivery } from './mail-delivery.ts'
import { type Caught, catcherOf } from './mail-inbox.ts'

export interface SinkSeen {
  readonly delivery: DeliveryObservation
  readonly url: string
  /** Letters with our mark. */
  readonly caught: readonly Caught[]
  readonly failure?: ProbeFailure
  readonly removed: boolean
}

/** @throws ProbeError what the delivery's own probe failed with */
export function mailSinkLook(declared: MailDelivery, sink: MailSink): Probe<SinkSeen> {
  const inner = mailDelivery(declared)
  return {
    kind: 'mailSinkLook',
    key: `mailSinkLook ${declared.name} ${sink.product} ${sink.url}`,
    impact: 'mail',
    cost: { connections: 1, requests: 2 },
    ...(inner.host === undefined ? {} : { host: inner.host }),
    timeoutMs: 60_000,
    run: async (context) => {
      const seen = await context.observe(inner)
      if (!seen.ok) throw new ProbeError(seen.failure)
      const base = { delivery: seen.value, url: sink.url.replaceAll('{domain}', context.target.domain), removed: false }
      // Nothing was sent: nothing can have been caught.
      if (seen.value.trigger?.taken !== true) return { ...base, caught: [] }
      try {
        const catcher = catcherOf(context, sink)
        const caught = await catcher.search(seen.value.mark)
        let removed = caught.length > 0
        for (const { id } of caught) await catcher.remove(id).catch(() => (removed = false))
        return { ...base, caught, removed }
      } catch (error) {
        if (context.signal.aborted || !(error instanceof ProbeError)) throw error
        return { ...base, caught: [], failure: error.failure }
      }
    },
  }
}
