import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authKeys, mainLogin } from '../../helpers/probes/auth.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { eachFlow, flowOf, hasToken, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-jwks',
  title: 'The published keys are public, strong and named',
  failureTitle: 'The published keys are not as they must be',
  why: 'Whoever verifies tokens takes these keys; a private one among them signs tokens for everybody.',
  source: 'RFC 7517; RFC 7518 §3.3; OpenID Connect Discovery 1.0 §3',
  severity: 'medium',
  codes: {
    'auth.jwks.private': {
      meaning: 'A published key has private members.',
      fix: 'Replace the key at once, end every session, and publish only the public half.',
    },
    'auth.jwks.unusable': { meaning: 'The document of keys is no JWKS, or has no usable key.', fix: 'Serve {"keys": […]} as application/json.' },
    'auth.jwks.weak': { meaning: 'A published RSA key has fewer than 2048 bits.', fix: 'Replace it.' },
    'auth.jwks.kid': {
      meaning: 'Keys without a kid, or two with one, or none with the kid of the tokens.',
      fix: 'Give every key a kid of its own, and keep the key of living tokens published.',
    },
    'auth.jwks.cache': {
      meaning: 'The document does not say how long it may be kept.',
      fix: 'Send Cache-Control: public, max-age=3600, and publish new keys that long before they sign.',
    },
  },
  options: { rsaBits: 2048 },
  subjects: eachFlow((flow) => flow.token?.jwks !== undefined && hasToken(flow)),
  unless: undeclared('token.jwks'),
  needs: (subject, target) => ({ keys: authKeys(flowOf(subject), target), login: mainLogin(flowOf(subject), target) }),
  judge: ({ keys, login }, { options }) => {
    if (keys.status === 429 || keys.status >= 500) return inconclusive('unobserved', `${keys.url} answered ${keys.status}`)
    const findings: Finding[] = []
    const say = (ok: boolean, code: string, what: string, expected: string, received: string, grade: 'warn' | 'fail' = 'fail', severity?: 'critical'): void => {
      const item = { what, expected, received, where: keys.url }
      findings.push(ok ? { grade: 'pass', evidence: item } : { grade, code, evidence: item, ...(severity === undefined ? {} : { severity }) })
    }
    const sound = keys.status === 200 && keys.problem === undefined && keys.keys.some(({ unusable, kty }) => unusable === undefined && kty !== 'oct')
    say(
      sound,
      'auth.jwks.unusable',
      'the document',
      '200 with at least one usable key',
      `${keys.status} ${keys.mediaType ?? ''} ${keys.problem ?? `${keys.keys.length} keys`}`,
    )
    if (!sound) return worst(findings)
    const secret = keys.keys.filter(({ privateMembers }) => privateMembers.length > 0)
    say(
      secret.length === 0,
      'auth.jwks.private',
      'private members',
      'none',
      secret.map(({ kid, privateMembers }) => `${kid ?? 'a key'}: ${privateMembers.join(', ')}`).join('; ') || 'none',
      'fail',
      'critical',
    )
    const weak = keys.keys.filter(({ kty, bits }) => kty === 'RSA' && (bits ?? 0) < options.rsaBits)
    say(
      weak.length === 0,
      'auth.jwks.weak',
      'sizes',
      `RSA of ${options.rsaBits} bits and more`,
      keys.keys.map(({ kty, bits, curve }) => `${kty} ${curve ?? bits ?? ''}`).join(', '),
    )
    const kids = keys.keys.map(({ kid }) => kid)
    const named = new Set(kids).size === kids.length && (kids.length === 1 || !kids.includes(undefined))
    const { token } = login
    const known = token?.form !== 'jwt' || (token.kid === undefined ? kids.length === 1 && kids[0] === undefined : kids.includes(token.kid))
    say(
      named && known,
      'auth.jwks.kid',
      'names of the keys',
      `each its own${token?.kid === undefined ? '' : `, ${token.kid} of the token among them`}`,
      kids.map((kid) => kid ?? 'none').join(', '),
    )
    say(
      /(?:^|[,\s])(?:max-age|s-maxage)=\d+/i.test(keys.cacheControl.join(', ')),
      'auth.jwks.cache',
      'Cache-Control',
      'a max-age',
      keys.cacheControl.join(', ') || 'none',
      'warn',
    )
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, (flowOf(subject).flow.token?.jwks ?? '').replaceAll('{domain}', target.domain), { flags: ['-sS', '-i'] }),
})
