/**
 * Public keys of authorities whose private keys everybody has. Whatever such a certificate calls itself (`CN=localhost`, `O=Acme Co`), the key
 * gives it away: in a served certificate, or in the signature over one. Pure.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { CertificateFacts } from '../observations.ts'
import { certificateLinks } from './certificate.ts'

/** SubjectPublicKeyInfo, base64 in pieces, as in the certificates that badssl.com keeps of them. */
const PUBLISHED: readonly (readonly [name: string, spki: readonly string[]])[] = [
  [
    'Superfish (key published 2015)',
    [
      'MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDo80oYdl8ZP7HPWOl/QwcJlYA1xQ/+cTEngZkSJiCl349q/EJVOe4JOInZ4DbErAGCW9U55vmPB4jf/u72',
      'oRTOqXRF2P3wF1cqguF6LhKTWqyK1xVj0bebVYAPWLwcSe0gYt22TKU66xw9oP96cabTEHgzrkvCHP2SSqHD50GkLQIDAQAB',
    ],
  ],
  [
    'eDellRoot (key published 2015)',
    [
      'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvdEmDW7NW4RfQfDhdYbOzqgj1b6jsdl1V0EwxVvgbNvi5mMJM2Ns/Hhvws0UvW4CtS37lVUxAOw5',
      'NjcuD9d79Q26RjZv7SWVQ7PMFhiluwVxyjifpKxO8OE2Lm36Q+jtzbdmtgE+Y67zZ4Qnpxq+z+3f277AU6RdfC9EKIcD+VbI1Y0Q+HXv5sIQ/erk34mtX7oe',
      'jfNA8S/lBQlh2ZewyYPYIxCiN5BSPrwn3U/nDkEqO6sbTGOK/OFKiJ73KbtVHAsWNZJxG7D/1dXoIupPIvnGuqKIOnW5M66o2Pe7HK2z2hxuygle7GPmIRiR',
      'IzWe8u6kS/6WDL1arMgQUybWXwIDAQAB',
    ],
  ],
  [
    'DSDTestProvider (key published 2015)',
    [
      'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA3SalggMLkx0xLH9l+DFR8nLgSOm4e7FyRkTKATBy6BhGOQRbj9TfyIPYj3QrmbohW/XoztPVogZv',
      'Kf4IioUHQZmP9SMaI56COYJzAuC5d8VO7OOUbBo3ef2CcZQisHgX3VScAVJx0vVKK6aZyjWPnsQoqO/9thrlUKSBN/CW7PdAtzZDv2bpLxvXvKIGTj1W62hk',
      'XVHs5I+IudEoppySpISNqJ+9wBk97eSeApXl0L1Y3Oqcfj75tJZm1O09le8fBgoQMeLHQOLpaLapvz3hs1cnLCqpHtKJvVdmP/MVdl+F1ISnJwhP0zLRCXqv',
      'ylhXf20GMb0eDxRwTeeDyN7od7VUFZ124BiIT5lOT4jnhsblceFCSVPap4ABL3408mV4KZ+eFiBvrCHnexYTTAbo60ZOJIn5MsSf0ChFPRy2s8tESSYNtdet',
      '069UzdjsqOFbOZ5Lbxwba4GKObKmfLpmtbCCcGbnevca9fw1xkaXEAmzfslCjcS0raT/6C9pPJwITNlIgXqb125vRlLcQtyYmwWSw54eOmqwwJEM7MdoBzN/',
      'diJX7j7boX48lQRKb7m3ZjLIv/nSYlSWks67RMm7T1mlo/UpNSi0xJ0gHso9zTROuiTH3LmJKdSZ/FcYSZ+BcERQA13UpAimVD+aO9dfeZdW1HbgXzt4/jVQ',
      'DAzGeOMCAwEAAQ==',
    ],
  ],
  [
    'preact-cli development certificate',
    [
      'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAl/9ezgiwy6O9MyQRdOWWfYGX6zvMOjup+ocMn09IJfB9VaoaZvwQR8v5EV8RmpdK1f/5wyuVqaHG',
      'vWTnDDbW9pUm+3gS8Dk4zCKToKmmUlL2xJiq5fu6QTPyg3Uzy9CICjKSWMTw6lAMi8gPw4afIAG2LBLSEBGBGT4cgd2L88F1M8FJmKUfNGo4BP4mCc98jhQw',
      'LS1hCj9ayj+JQX8O07h86/NJDY/jdHGyuGOTitpucBnTd5jv8LyPNJcXKHNiOI6+u2c3H8dAO0I/TYDeI8SuRxIn+W+YclRPzV/7gRbkKiKz2SPmZ+ERJDVN',
      'XEJgTYx8pTMZGxyAdT61Rhq1xwIDAQAB',
    ],
  ],
  [
    'webpack-dev-server development certificate',
    [
      'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5b5hZ2dxwP0Q05MMVZGZrs+ecc5ZzOBbvkvk1CZ7D/7aXeyd/vWRXD66ZQbkwp8XUxchAvLCmy84',
      'pCwcxdajXoT/Ydj80X+SPuHdx7YxodSY9rl5KfOj5n3n4UPxOJRXFWznOG+aterqYb+WRTmcJfS9+cJtfCz5QNnYHhdzcDePClP8d78o/6VMGAxl2sucoF+y',
      'x9XAs1vQD6wYiNWh5POdlxXAr1iuztuny/MV0dlnt1/2NQtpVj3OveMNqi6LedO3beWMu5Nb3snnUdK68ExoiJVtbJZ5zEolMrY9zS9J3lTVkq7whZUAm18a',
      'hbUX8g3jfl25XEVUjjKbNB3vfQIDAQAB',
    ],
  ],
]

interface PublishedKey {
  readonly name: string
  readonly spki: Buffer
  readonly key: KeyObject
}
let known: readonly PublishedKey[] | undefined
const keys = (): readonly PublishedKey[] => {
  known ??= PUBLISHED.map(([name, pieces]) => {
    const spki = Buffer.from(pieces.join(''), 'base64')
    return { name, spki, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) }
  })
  return known
}

const cache = new Map<string, string | null>()
/** Whose published key this certificate carries, or was signed with; undefined: nobody's. */
export function publishedKeyOf(certificate: Pick<CertificateFacts, 'raw' | 'sha256'>): string | undefined {
  const before = cache.get(certificate.sha256)
  if (before !== undefined) return before ?? undefined
  const found = look(certificate.raw)
  if (cache.size > 2_000) cache.clear()
  cache.set(certificate.sha256, found ?? null)
  return found
}

function look(raw: Uint8Array): string | undefined {
  const spki = certificateLinks(raw)?.spki
  if (spki === undefined) return undefined
  const own = keys().find((one) => one.spki.equals(spki))
  if (own !== undefined) return own.name
  try {
    const parsed = new X509Certificate(raw)
    return keys().find(({ key }) => parsed.verify(key))?.name
  } catch {
    // A signature that the library cannot judge was made by none of these keys, which are plain RSA.
    return undefined
  }
}
