import { defineCheck, hostOf } from '../../helpers/check.ts'
import { websocketOverHttp2 } from '../../helpers/probes/websocket-h2.ts'
import { shellQuote } from '../../helpers/reproduce.ts'
import { pinnedAddresses, realPort } from '../../helpers/target.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { channelOf, channels, guarded, noChannel, ownOrigin } from './shared.ts'

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

export default defineCheck({
  id: 'websocket/h2-connect',
  title: 'WebSockets over HTTP/2 work where they are advertised',
  failureTitle: 'WebSockets over HTTP/2 are advertised and do not work',
  why: 'Browsers use HTTP/2 for the channel as soon as the setting is there and do not fall back; curl and most libraries never notice.',
  source: 'RFC 8441 §3-5',
  severity: 'medium',
  codes: {
    'websocket.h2.broken': {
      meaning: 'SETTINGS_ENABLE_CONNECT_PROTOCOL is 1, but the extended CONNECT is refused.',
      fix: 'Switch the advertisement off, or let the server and everything behind it support RFC 8441.',
    },
  },
  options: {},
  subjects: channels('websocket'),
  unless: noChannel,
  needs: (subject, target) => ({
    seen: websocketOverHttp2({ host: hostOf(subject).fqdn, path: channelOf(subject).path, origin: ownOrigin(subject, target) }),
  }),
  judge: ({ seen }, { subject }) => {
    const told = seen.h2
      ? seen.advertised
        ? `advertised; CONNECT answered ${seen.status ?? seen.ended ?? 'nothing'}`
        : 'not advertised: browsers use HTTP/1.1'
      : 'no HTTP/2: browsers use HTTP/1.1'
    const evidence = {
      what: 'extended CONNECT for websocket',
      expected: 'not advertised, or 200',
      received: told,
      where: `${seen.url} (${seen.peer})`,
      at: seen.at,
    }
    if (!seen.advertised) return pass(evidence)
    const { status } = seen
    if (status !== undefined && status >= 200 && status < 300) return pass(evidence)
    if (status !== undefined && guarded(channelOf(subject)) && (status === 401 || status === 403)) return pass(evidence)
    if (status === 429 || seen.ended === 'TIMEOUT') return inconclusive('unobserved', 'no answer of the service to the CONNECT', evidence)
    return fail('websocket.h2.broken', evidence)
  },
  // Neither curl nor openssl shows the peer's SETTINGS.
  reproduce: (subject, target) => {
    const { fqdn } = hostOf(subject)
    const to = `https://${bracketed(pinnedAddresses(target, fqdn)?.[0] ?? fqdn)}:${realPort(target, 443) ?? 443}`
    const request = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': channelOf(subject).path, ':authority': fqdn }
    return `node -e ${shellQuote(
      `const s=require('node:http2').connect(${JSON.stringify(to)},{servername:${JSON.stringify(fqdn)},rejectUnauthorized:false});s.once('remoteSettings',(r)=>{console.log('ENABLE_CONNECT_PROTOCOL',r.enableConnectProtocol);if(!r.enableConnectProtocol)process.exit();s.request(${JSON.stringify(request)}).on('response',(h)=>{console.log(h[':status']);process.exit()})})`,
    )}`
  },
})
