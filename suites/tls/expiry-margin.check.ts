import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { CertificateFacts, TlsObservation } from '../../helpers/observations.ts'
import { tlsEveryAddress, tlsHandshake } from '../../helpers/probes/tls.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { certificateLine, DAY_MS, leafOf, lifetimeDays, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/**
 * Days left at which to warn and to fail, for a lifetime in days. ACME clients renew with a third of the lifetime left (half of it below ten
 * days), so a quarter left means that a renewal has been missed already. Fixed margins would alarm for ever on certificates of six days.
 */
export const margins = (lifetime: number): { readonly warnAt: number; readonly failAt: number } => ({
  warnAt: lifetime <= 10 ? lifetime / 3 : Math.min(0.25 * lifetime, 30),
  failAt: lifetime <= 2 ? 0.1 * lifetime : Math.max(Math.min(0.1 * lifetime, 14), 1),
})

function marginOf(tls: TlsObservation, leaf: CertificateFacts, declared: number | undefined, now: Date): Finding {
  const lifetime = lifetimeDays(leaf)
  const left = (Date.parse(leaf.notAfter) - now.getTime()) / DAY_MS
  const { warnAt, failAt } = margins(lifetime)
  const wanted = declared === undefined ? `> ${warnAt.toFixed(2)} days left (lifetime ${lifetime.toFixed(1)} days)` : `≥ ${declared} days left (declared)`
  const evidence = seenAt(tls, `leaf ${certificateLine(leaf)}`, wanted, `${left.toFixed(2)} days left (notAfter ${leaf.notAfter})`)
  // Whoever declares less than the usual margin has decided; the usual one would then fail what he calls enough.
  if (!(left > Math.min(failAt, declared ?? failAt))) return { grade: 'fail', code: 'tls.expiring', evidence }
  const enough = declared === undefined ? left > warnAt : left >= declared
  return enough ? { grade: 'pass', evidence } : { grade: 'warn', code: 'tls.renewal-missed', evidence }
}

export default defineCheck({
  id: 'tls/expiry-margin',
  title: 'The certificate stays valid long enough',
  failureTitle: 'The certificate expires too soon',
  why: 'Renewal that did not run needs time to be noticed and repaired before every client refuses the host.',
  source: 'RFC 9773; ACME renewal at a third of the lifetime; tls.minDaysLeft of the target',
  severity: 'high',
  clockSensitive: true,
  codes: {
    'tls.expiring': {
      meaning: 'Hardly any of the certificate lifetime is left.',
      fix: 'Renew it now, reload the server, and look at why automatic renewal did not run.',
    },
    'tls.renewal-missed': {
      meaning: 'Fewer days are left than declared, or than automatic renewal ever leaves.',
      fix: 'Look at the renewal timer and its log (certbot renew --dry-run, caddy logs).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: tlsHandshake({ host: hostOf(subject).fqdn }), addresses: tlsEveryAddress(hostOf(subject).fqdn) }),
  judge: ({ tls, addresses }, { subject, now }) => {
    if (leafOf(tls) === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate')
    // Each machine renews by itself, and the timer of one may have stopped.
    const elsewhere = addresses.flatMap(({ seen }) => (seen.ok ? [seen.value] : []))
    const told = new Set<string>()
    return worst(
      [tls, ...elsewhere].flatMap((seen) => {
        const leaf = leafOf(seen)
        if (leaf === undefined || told.has(leaf.sha256)) return []
        told.add(leaf.sha256)
        return [marginOf(seen, leaf, hostOf(subject).tls.minDaysLeft, now)]
      }),
    )
  },
  reproduce: showCertificate,
  covers: ['A17', 'C4'],
})
