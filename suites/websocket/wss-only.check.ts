import { defineCheck } from '../../helpers/check.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { answered, at, channels, handshake, noChannel, variant } from './shared.ts'

export default defineCheck({
  id: 'websocket/wss-only',
  title: 'The channel does not open in clear',
  failureTitle: 'The channel opens in clear',
  why: 'Over ws:// everybody on the way reads and changes messages and session cookies.',
  source: 'OWASP ASVS 4.4.1; RFC 6455 §10.6',
  severity: 'high',
  codes: {
    'websocket.clear': {
      meaning: 'An upgrade over plain http was accepted.',
      fix: 'Redirect or refuse everything on port 80; take the proxy route of the channel out of that server block.',
    },
  },
  options: {},
  subjects: channels('websocket'),
  unless: noChannel,
  needs: (subject, target) => ({ clear: attempt(variant(subject, target, { scheme: 'ws' })) }),
  judge: ({ clear }, { subject }) => {
    const where = subject.name.replace(/^wss/, 'ws')
    if (!clear.ok) {
      const { code, message } = clear.failure
      const evidence = { what: 'upgrade in clear', expected: 'refused or redirected', received: `${message} (${code})`, where, at: clear.startedAt }
      if (isRefused(clear)) return pass(evidence)
      if (code === 'UNMAPPED') return skip('not-applicable', 'port 80 cannot be reached from this vantage (network.ports has no http)', evidence)
      // Silence, a reset or a bare end may come from anything on the way: no proof of a refusal.
      return inconclusive('unobserved', 'neither a refusal nor an answer came', evidence)
    }
    const seen = clear.value
    const evidence = at(seen, 'upgrade in clear', 'refused or redirected', answered(seen))
    if (seen.status === 101) return fail('websocket.clear', evidence)
    if (seen.status === 429 || seen.status >= 500) return inconclusive('unobserved', 'an obstacle answered instead', evidence)
    return pass(evidence)
  },
  reproduce: handshake(() => ({ scheme: 'ws' })),
  covers: ['A89'],
})
