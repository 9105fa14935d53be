import { defineCheck, hostOf } from '../../helpers/check.ts'
import { bigIpAddress, contentOf } from '../../helpers/grammar/cookie-value.ts'
import { curl, everyHost, evidenceOf, type Found, looks, noHosts, perCookie } from './shared.ts'

const EMAIL = /(?<=[A-Za-z0-9._%+-])@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}\b/
const ROLE = /"(?:role|roles|is_?admin|admin|permissions?|scopes?|groups?)"\s*:\s*(?!null|""|\[\]|\{\})/i
const PRIVATE_ADDRESS = /(?<![\d.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\d.])/
/** `csrfSecret` of common middleware is no secret of the visitor. */
const PASSWORD = /["']?\b(?:[a-z_]{0,20}[_-])?(?:password|passwd|pwd|secret|api_?key|private_?key)["']?\s*[:=]\s*["']?(?!null|true|false)[^\s"',;&}]{3,}/i
const KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/
const CONNECTION = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'/:@<>]{0,80}:[^\s"'@<>/]{1,200}@/i
const PASSWORD_NAME = /^(?:user_?)?(?:password|passwd|pwd|pass)$/i
const ROLE_NAME = /^(?:user_?)?(?:role|roles|is_?admin|admin)$/i

/** What a value gives away, in words; the match itself goes nowhere. */
function leak({ cookie }: Found): { readonly code: string; readonly what: string } | undefined {
  const { texts } = contentOf(cookie.value)
  const any = (pattern: RegExp): boolean => texts.some((text) => pattern.test(text))
  if (any(KEY)) return { code: 'cookies.secret.password', what: 'a private key' }
  if (any(CONNECTION)) return { code: 'cookies.secret.password', what: 'an address with a password' }
  if (any(PASSWORD) || (PASSWORD_NAME.test(cookie.name) && cookie.value.length >= 3))
    return { code: 'cookies.secret.password', what: 'a password or secret by its name' }
  if (bigIpAddress(cookie.value) !== undefined) return { code: 'cookies.secret.internal-address', what: 'an address and port inside, as BIG-IP writes them' }
  if (any(PRIVATE_ADDRESS)) return { code: 'cookies.secret.internal-address', what: 'a private address' }
  if (any(EMAIL)) return { code: 'cookies.secret.personal', what: 'an e-mail address' }
  if (any(ROLE) || (ROLE_NAME.test(cookie.name) && cookie.value !== '')) return { code: 'cookies.secret.personal', what: 'a role or permission' }
  return undefined
}

export default defineCheck({
  id: 'cookies/no-secret',
  title: 'Cookies give nothing away',
  failureTitle: 'A cookie gives something away',
  why: 'A cookie lies open in the browser, in logs and in backups of both; what is packed into it is no secret any more.',
  source: 'OWASP ASVS 14.3; OWASP WSTG-SESS-02; F5 K6917',
  severity: 'medium',
  codes: {
    'cookies.secret.password': { meaning: 'A cookie holds a password, key or other credential.', fix: 'Keep it on the server; replace the credential.' },
    'cookies.secret.internal-address': { meaning: 'A cookie holds an address of the inside.', fix: 'Encrypt the persistence cookie of the load balancer.' },
    'cookies.secret.personal': { meaning: 'A cookie holds an e-mail address or a role.', fix: 'Keep an identifier in it and the rest on the server.' },
  },
  options: {},
  subjects: everyHost,
  unless: noHosts,
  needs: looks,
  judge: (seen, { subject, target }) =>
    perCookie(seen.looks, hostOf(subject), target, (found) => {
      if (found.expiry.kind === 'deletion') return undefined
      const given = leak(found)
      const received = `${found.cookie.name}, ${found.cookie.value.length} characters (not shown): ${given?.what ?? 'opaque'}`
      const evidence = evidenceOf(found, 'nothing to be read in it', received)
      if (given === undefined) return { grade: 'pass', evidence }
      return given.code === 'cookies.secret.password'
        ? { grade: 'fail', code: given.code, evidence, severity: 'high' }
        : { grade: 'warn', code: given.code, evidence, severity: 'medium' }
    }),
  reproduce: curl,
})
