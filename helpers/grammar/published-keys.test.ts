import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { publishedKeyOf } from './published-keys.ts'

/** The key of preact-cli, of which its certificate says only `O=Acme Co`. */
const PREACT =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAl/9ezgiwy6O9MyQRdOWWfYGX6zvMOjup+ocMn09IJfB9VaoaZvwQR8v5EV8RmpdK1f/5wyuVqaHGvWTnDDbW9pUm+3gS8Dk4zCKToKmmUlL2xJiq5fu6QTPyg3Uzy9CICjKSWMTw6lAMi8gPw4afIAG2LBLSEBGBGT4cgd2L88F1M8FJmKUfNGo4BP4mCc98jhQwLS1hCj9ayj+JQX8O07h86/NJDY/jdHGyuGOTitpucBnTd5jv8LyPNJcXKHNiOI6+u2c3H8dAO0I/TYDeI8SuRxIn+W+YclRPzV/7gRbkKiKz2SPmZ+ERJDVNXEJgTYx8pTMZGxyAdT61Rhq1xwIDAQAB'

test('a served certificate with a published key, whatever it calls itself', async () => {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const publicKey = await webcrypto.subtle.importKey('spki', Buffer.from(PREACT, 'base64'), algorithm, true, ['verify'])
  const own = await webcrypto.subtle.generateKey({ ...algorithm, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, true, ['sign', 'verify'])
  const made = await X509CertificateGenerator.create({
    subject: 'O=Acme Co',
    issuer: 'O=Acme Co',
    publicKey,
    signingKey: own.privateKey,
    signingAlgorithm: algorithm,
  })
  expect(publishedKeyOf({ raw: new Uint8Array(made.rawData), sha256: 'a' })).toMatch(/preact-cli/)
})

test('an ordinary certificate, and what is none', async () => {
  for (const key of ['p256', 'rsa2048', 'ed25519'] as const) {
    const { certificate } = await issueCertificate({ names: ['a.example.com'], key })
    expect(publishedKeyOf({ raw: new Uint8Array(certificate.rawData), sha256: key })).toBeUndefined()
  }
  expect(publishedKeyOf({ raw: new Uint8Array([0x30, 0]), sha256: 'b' })).toBeUndefined()
})
