import { connectionFor } from '../../helpers/reproduce.ts'
import { defineCheck } from '../../helpers/check.ts'
import { tcpConnect } from '../../helpers/probes/tcp.ts'
import { zoneRequest } from '../../helpers/rejection.ts'
import { pinnedAddresses, realPort, type Target } from '../../helpers/target.ts'
import { fail, inconclusive, pass, type Verdict } from '../../helpers/verdict.ts'
import type { Zone } from '../../helpers/zones.ts'
import { eachZone, zoneOf } from './shared.ts'

const placeOf = (zone: Zone, target: Target): { readonly host: string; readonly port: number } => {
  const { host } = zoneRequest(zone.declared, target)
  return { host: zone.declared.backend?.address ?? pinnedAddresses(target, host)?.[0] ?? host, port: zone.declared.backend?.port ?? 0 }
}

export default defineCheck({
  id: 'rate-limit/backend',
  title: 'The server behind the limit cannot be reached beside it',
  failureTitle: 'The server behind the limit can be reached beside it',
  why: 'A published port of the application goes around every limit of the proxy: Docker publishes on all addresses, past the firewall.',
  source: 'rateLimits.backend of the target',
  severity: 'high',
  codes: {
    'rate-limit.backend-open': {
      meaning: 'The port behind the limit accepts connections.',
      fix: 'Publish it on 127.0.0.1 alone, or not at all: the proxy reaches it by the name of the service.',
    },
  },
  options: {},
  subjects: eachZone(({ declared }) => declared.backend !== undefined),
  unless: { skip: 'not-declared', reason: 'rateLimits.backend is not declared' },
  needs: (subject, target) => ({ port: tcpConnect(placeOf(zoneOf(subject), target)) }),
  judge: ({ port }, { subject, target }): Verdict => {
    const place = placeOf(zoneOf(subject), target)
    const told = (received: string) => ({ what: `${place.host}:${place.port}`, expected: 'refused', received })
    switch (port.state) {
      case 'open':
        return fail('rate-limit.backend-open', told('accepted a connection'))
      case 'refused':
        return pass(told('refused'))
      case 'filtered':
        return pass(told('no answer: filtered'))
      case 'unreachable':
        break
    }
    return inconclusive('unobserved', 'this machine has no way to that address', told('unreachable'))
  },
  reproduce: (subject, target) => {
    const { host, port } = placeOf(zoneOf(subject), target)
    return connectionFor(host, realPort(target, port) ?? port)
  },
  covers: ['A37'],
})
