import { defineCheck } from '../../helpers/check.ts'
import { illustrated, skip } from '../../helpers/verdict.ts'
import { eachSubmission, envelopesFigure, foldShown, noSubmission, placeOf, relayShown, submissionEnvelopes, swaksFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-relay',
  title: 'Submission takes mail only of those who signed in',
  failureTitle: 'Submission takes mail of strangers',
  why: 'Behind a load balancer every stranger seems to come from the own network: then submission sends spam for all of them.',
  source: 'RFC 6409 §4.3, §3.3; RFC 2505 §2.1. Recipients are offered and never a message',
  severity: 'critical',
  codes: {
    'mail.submission.relay': {
      meaning: 'Recipients of other domains are accepted from strangers.',
      fix: 'Demand AUTH (Postfix: smtpd_relay_restrictions = permit_sasl_authenticated, reject for submission); see whether a proxy hides the addresses of clients.',
    },
    'mail.submission.relay-everything': {
      meaning: 'Every recipient is accepted from strangers.',
      fix: 'Demand AUTH before MAIL (Postfix: smtpd_client_restrictions = permit_sasl_authenticated, reject).',
    },
    'mail.submission.relay-deferred': { meaning: 'Strangers are refused with a temporary code.', fix: 'Refuse for good (reject instead of defer).' },
  },
  options: {},
  subjects: eachSubmission(),
  unless: noSubmission,
  needs: (subject, target) => ({ seen: submissionEnvelopes(placeOf(subject), target) }),
  judge: ({ seen }, { subject }) =>
    illustrated(
      foldShown(
        relayShown(seen, subject.name, {
          open: 'mail.submission.relay',
          everything: 'mail.submission.relay-everything',
          deferred: 'mail.submission.relay-deferred',
          everybody: false,
        }),
        skip('not-applicable', 'nothing was asked'),
      ),
      envelopesFigure([[subject.name, seen]]),
    ),
  reproduce: (subject, target) =>
    swaksFor(target, placeOf(subject), `${placeOf(subject).mode === 'plain' ? '--tls ' : ''}--from '<>' --to postproof@example.org --quit-after RCPT`),
  covers: ['A72'],
})
