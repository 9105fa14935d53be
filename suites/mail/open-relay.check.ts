import { defineCheck } from '../../helpers/check.ts'
import { illustrated } from '../../helpers/verdict.ts'
import { atServers, eachExchanger, eachServed, envelopesFigure, exchangerEnvelopes, noServers, relayShown } from './servers.ts'

export default defineCheck({
  id: 'mail/open-relay',
  title: 'The mail servers pass on no mail of strangers',
  failureTitle: 'A mail server passes on mail of strangers',
  why: 'An open relay sends the spam of the whole world within hours, and then no provider takes any mail of the domain any more.',
  source: 'RFC 5321 §7.9; RFC 2505 §2.1. Recipients are offered and never a message',
  severity: 'critical',
  codes: {
    'mail.relay.open': {
      meaning: 'A mail server accepts recipients of other domains from strangers, and refuses other recipients: it relays.',
      fix: 'Relay for those alone who sign in or come from your own addresses (Postfix: smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination; look at mynetworks).',
    },
    'mail.relay.accepts-everything': {
      meaning:
        'A mail server accepts every recipient, of other domains too. Whether it passes mail on or sends it back shows only with a message; both are abused.',
      fix: 'Refuse unknown recipients and other domains when they are named (Postfix: reject_unauth_destination, local_recipient_maps or relay_recipient_maps).',
    },
    'mail.relay.deferred': {
      meaning: 'A mail server refuses to relay with a temporary code, so that strangers try again for days.',
      fix: 'Refuse for good (Postfix: reject_unauth_destination instead of defer_unauth_destination).',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }, target) => ({ look: exchangerEnvelopes(name, target) }),
  judge: ({ look }) =>
    illustrated(
      eachExchanger(look, 'no server was asked', (seen, name) =>
        relayShown(seen, name, { open: 'mail.relay.open', everything: 'mail.relay.accepts-everything', deferred: 'mail.relay.deferred', everybody: true }),
      ),
      envelopesFigure(look.servers.flatMap(({ name, seen }) => (seen.ok ? [[name, seen.value] as const] : []))),
    ),
  reproduce: ({ name }, target) => atServers(target, name, `swaks --server "$mx":25 --from '<>' --to postproof@example.org --quit-after RCPT`),
  covers: ['A72'],
})
