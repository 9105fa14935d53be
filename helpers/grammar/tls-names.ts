/**
 * The cipher suites of SSL 3.0 to TLS 1.3 that a web server without shared secrets may speak (IANA TLS registry, and the 1024-bit export drafts
 * that never got in): number, IANA name without `TLS_`, OpenSSL name. Everything else about a suite is in its name.
 */
const REGISTRY = `
0001 RSA_WITH_NULL_MD5 NULL-MD5
0002 RSA_WITH_NULL_SHA NULL-SHA
0003 RSA_EXPORT_WITH_RC4_40_MD5 EXP-RC4-MD5
0004 RSA_WITH_RC4_128_MD5 RC4-MD5
0005 RSA_WITH_RC4_128_SHA RC4-SHA
0006 RSA_EXPORT_WITH_RC2_CBC_40_MD5 EXP-RC2-CBC-MD5
0007 RSA_WITH_IDEA_CBC_SHA IDEA-CBC-SHA
0008 RSA_EXPORT_WITH_DES40_CBC_SHA EXP-DES-CBC-SHA
0009 RSA_WITH_DES_CBC_SHA DES-CBC-SHA
000a RSA_WITH_3DES_EDE_CBC_SHA DES-CBC3-SHA
000b DH_DSS_EXPORT_WITH_DES40_CBC_SHA EXP-DH-DSS-DES-CBC-SHA
000c DH_DSS_WITH_DES_CBC_SHA DH-DSS-DES-CBC-SHA
000d DH_DSS_WITH_3DES_EDE_CBC_SHA DH-DSS-DES-CBC3-SHA
000e DH_RSA_EXPORT_WITH_DES40_CBC_SHA EXP-DH-RSA-DES-CBC-SHA
000f DH_RSA_WITH_DES_CBC_SHA DH-RSA-DES-CBC-SHA
0010 DH_RSA_WITH_3DES_EDE_CBC_SHA DH-RSA-DES-CBC3-SHA
0011 DHE_DSS_EXPORT_WITH_DES40_CBC_SHA EXP-EDH-DSS-DES-CBC-SHA
0012 DHE_DSS_WITH_DES_CBC_SHA EDH-DSS-DES-CBC-SHA
0013 DHE_DSS_WITH_3DES_EDE_CBC_SHA EDH-DSS-DES-CBC3-SHA
0014 DHE_RSA_EXPORT_WITH_DES40_CBC_SHA EXP-EDH-RSA-DES-CBC-SHA
0015 DHE_RSA_WITH_DES_CBC_SHA EDH-RSA-DES-CBC-SHA
0016 DHE_RSA_WITH_3DES_EDE_CBC_SHA EDH-RSA-DES-CBC3-SHA
0017 DH_anon_EXPORT_WITH_RC4_40_MD5 EXP-ADH-RC4-MD5
0018 DH_anon_WITH_RC4_128_MD5 ADH-RC4-MD5
0019 DH_anon_EXPORT_WITH_DES40_CBC_SHA EXP-ADH-DES-CBC-SHA
001a DH_anon_WITH_DES_CBC_SHA ADH-DES-CBC-SHA
001b DH_anon_WITH_3DES_EDE_CBC_SHA ADH-DES-CBC3-SHA
002f RSA_WITH_AES_128_CBC_SHA AES128-SHA
0030 DH_DSS_WITH_AES_128_CBC_SHA DH-DSS-AES128-SHA
0031 DH_RSA_WITH_AES_128_CBC_SHA DH-RSA-AES128-SHA
0032 DHE_DSS_WITH_AES_128_CBC_SHA DHE-DSS-AES128-SHA
0033 DHE_RSA_WITH_AES_128_CBC_SHA DHE-RSA-AES128-SHA
0034 DH_anon_WITH_AES_128_CBC_SHA ADH-AES128-SHA
0035 RSA_WITH_AES_256_CBC_SHA AES256-SHA
0036 DH_DSS_WITH_AES_256_CBC_SHA DH-DSS-AES256-SHA
0037 DH_RSA_WITH_AES_256_CBC_SHA DH-RSA-AES256-SHA
0038 DHE_DSS_WITH_AES_256_CBC_SHA DHE-DSS-AES256-SHA
0039 DHE_RSA_WITH_AES_256_CBC_SHA DHE-RSA-AES256-SHA
003a DH_anon_WITH_AES_256_CBC_SHA ADH-AES256-SHA
003b RSA_WITH_NULL_SHA256 NULL-SHA256
003c RSA_WITH_AES_128_CBC_SHA256 AES128-SHA256
003d RSA_WITH_AES_256_CBC_SHA256 AES256-SHA256
003e DH_DSS_WITH_AES_128_CBC_SHA256 DH-DSS-AES128-SHA256
003f DH_RSA_WITH_AES_128_CBC_SHA256 DH-RSA-AES128-SHA256
0040 DHE_DSS_WITH_AES_128_CBC_SHA256 DHE-DSS-AES128-SHA256
0041 RSA_WITH_CAMELLIA_128_CBC_SHA CAMELLIA128-SHA
0044 DHE_DSS_WITH_CAMELLIA_128_CBC_SHA DHE-DSS-CAMELLIA128-SHA
0045 DHE_RSA_WITH_CAMELLIA_128_CBC_SHA DHE-RSA-CAMELLIA128-SHA
0046 DH_anon_WITH_CAMELLIA_128_CBC_SHA ADH-CAMELLIA128-SHA
0060 RSA_EXPORT1024_WITH_RC4_56_MD5 EXP1024-RC4-MD5
0061 RSA_EXPORT1024_WITH_RC2_CBC_56_MD5 EXP1024-RC2-CBC-MD5
0062 RSA_EXPORT1024_WITH_DES_CBC_SHA EXP1024-DES-CBC-SHA
0063 DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA EXP1024-DHE-DSS-DES-CBC-SHA
0064 RSA_EXPORT1024_WITH_RC4_56_SHA EXP1024-RC4-SHA
0065 DHE_DSS_EXPORT1024_WITH_RC4_56_SHA EXP1024-DHE-DSS-RC4-SHA
0066 DHE_DSS_WITH_RC4_128_SHA DHE-DSS-RC4-SHA
0067 DHE_RSA_WITH_AES_128_CBC_SHA256 DHE-RSA-AES128-SHA256
0068 DH_DSS_WITH_AES_256_CBC_SHA256 DH-DSS-AES256-SHA256
0069 DH_RSA_WITH_AES_256_CBC_SHA256 DH-RSA-AES256-SHA256
006a DHE_DSS_WITH_AES_256_CBC_SHA256 DHE-DSS-AES256-SHA256
006b DHE_RSA_WITH_AES_256_CBC_SHA256 DHE-RSA-AES256-SHA256
006c DH_anon_WITH_AES_128_CBC_SHA256 ADH-AES128-SHA256
006d DH_anon_WITH_AES_256_CBC_SHA256 ADH-AES256-SHA256
0084 RSA_WITH_CAMELLIA_256_CBC_SHA CAMELLIA256-SHA
0087 DHE_DSS_WITH_CAMELLIA_256_CBC_SHA DHE-DSS-CAMELLIA256-SHA
0088 DHE_RSA_WITH_CAMELLIA_256_CBC_SHA DHE-RSA-CAMELLIA256-SHA
0089 DH_anon_WITH_CAMELLIA_256_CBC_SHA ADH-CAMELLIA256-SHA
0096 RSA_WITH_SEED_CBC_SHA SEED-SHA
0097 DH_DSS_WITH_SEED_CBC_SHA DH-DSS-SEED-SHA
0098 DH_RSA_WITH_SEED_CBC_SHA DH-RSA-SEED-SHA
0099 DHE_DSS_WITH_SEED_CBC_SHA DHE-DSS-SEED-SHA
009a DHE_RSA_WITH_SEED_CBC_SHA DHE-RSA-SEED-SHA
009b DH_anon_WITH_SEED_CBC_SHA ADH-SEED-SHA
009c RSA_WITH_AES_128_GCM_SHA256 AES128-GCM-SHA256
009d RSA_WITH_AES_256_GCM_SHA384 AES256-GCM-SHA384
009e DHE_RSA_WITH_AES_128_GCM_SHA256 DHE-RSA-AES128-GCM-SHA256
009f DHE_RSA_WITH_AES_256_GCM_SHA384 DHE-RSA-AES256-GCM-SHA384
00a0 DH_RSA_WITH_AES_128_GCM_SHA256 DH-RSA-AES128-GCM-SHA256
00a1 DH_RSA_WITH_AES_256_GCM_SHA384 DH-RSA-AES256-GCM-SHA384
00a2 DHE_DSS_WITH_AES_128_GCM_SHA256 DHE-DSS-AES128-GCM-SHA256
00a3 DHE_DSS_WITH_AES_256_GCM_SHA384 DHE-DSS-AES256-GCM-SHA384
00a4 DH_DSS_WITH_AES_128_GCM_SHA256 DH-DSS-AES128-GCM-SHA256
00a5 DH_DSS_WITH_AES_256_GCM_SHA384 DH-DSS-AES256-GCM-SHA384
00a6 DH_anon_WITH_AES_128_GCM_SHA256 ADH-AES128-GCM-SHA256
00a7 DH_anon_WITH_AES_256_GCM_SHA384 ADH-AES256-GCM-SHA384
00ba RSA_WITH_CAMELLIA_128_CBC_SHA256 CAMELLIA128-SHA256
00bd DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256 DHE-DSS-CAMELLIA128-SHA256
00be DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 DHE-RSA-CAMELLIA128-SHA256
00bf DH_anon_WITH_CAMELLIA_128_CBC_SHA256 ADH-CAMELLIA128-SHA256
00c0 RSA_WITH_CAMELLIA_256_CBC_SHA256 CAMELLIA256-SHA256
00c3 DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256 DHE-DSS-CAMELLIA256-SHA256
00c4 DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256 DHE-RSA-CAMELLIA256-SHA256
00c5 DH_anon_WITH_CAMELLIA_256_CBC_SHA256 ADH-CAMELLIA256-SHA256
1301 AES_128_GCM_SHA256 TLS_AES_128_GCM_SHA256
1302 AES_256_GCM_SHA384 TLS_AES_256_GCM_SHA384
1303 CHACHA20_POLY1305_SHA256 TLS_CHACHA20_POLY1305_SHA256
1304 AES_128_CCM_SHA256 TLS_AES_128_CCM_SHA256
1305 AES_128_CCM_8_SHA256 TLS_AES_128_CCM_8_SHA256
c001 ECDH_ECDSA_WITH_NULL_SHA ECDH-ECDSA-NULL-SHA
c002 ECDH_ECDSA_WITH_RC4_128_SHA ECDH-ECDSA-RC4-SHA
c003 ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA ECDH-ECDSA-DES-CBC3-SHA
c004 ECDH_ECDSA_WITH_AES_128_CBC_SHA ECDH-ECDSA-AES128-SHA
c005 ECDH_ECDSA_WITH_AES_256_CBC_SHA ECDH-ECDSA-AES256-SHA
c006 ECDHE_ECDSA_WITH_NULL_SHA ECDHE-ECDSA-NULL-SHA
c007 ECDHE_ECDSA_WITH_RC4_128_SHA ECDHE-ECDSA-RC4-SHA
c008 ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA ECDHE-ECDSA-DES-CBC3-SHA
c009 ECDHE_ECDSA_WITH_AES_128_CBC_SHA ECDHE-ECDSA-AES128-SHA
c00a ECDHE_ECDSA_WITH_AES_256_CBC_SHA ECDHE-ECDSA-AES256-SHA
c00b ECDH_RSA_WITH_NULL_SHA ECDH-RSA-NULL-SHA
c00c ECDH_RSA_WITH_RC4_128_SHA ECDH-RSA-RC4-SHA
c00d ECDH_RSA_WITH_3DES_EDE_CBC_SHA ECDH-RSA-DES-CBC3-SHA
c00e ECDH_RSA_WITH_AES_128_CBC_SHA ECDH-RSA-AES128-SHA
c00f ECDH_RSA_WITH_AES_256_CBC_SHA ECDH-RSA-AES256-SHA
c010 ECDHE_RSA_WITH_NULL_SHA ECDHE-RSA-NULL-SHA
c011 ECDHE_RSA_WITH_RC4_128_SHA ECDHE-RSA-RC4-SHA
c012 ECDHE_RSA_WITH_3DES_EDE_CBC_SHA ECDHE-RSA-DES-CBC3-SHA
c013 ECDHE_RSA_WITH_AES_128_CBC_SHA ECDHE-RSA-AES128-SHA
c014 ECDHE_RSA_WITH_AES_256_CBC_SHA ECDHE-RSA-AES256-SHA
c015 ECDH_anon_WITH_NULL_SHA AECDH-NULL-SHA
c016 ECDH_anon_WITH_RC4_128_SHA AECDH-RC4-SHA
c017 ECDH_anon_WITH_3DES_EDE_CBC_SHA AECDH-DES-CBC3-SHA
c018 ECDH_anon_WITH_AES_128_CBC_SHA AECDH-AES128-SHA
c019 ECDH_anon_WITH_AES_256_CBC_SHA AECDH-AES256-SHA
c023 ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 ECDHE-ECDSA-AES128-SHA256
c024 ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 ECDHE-ECDSA-AES256-SHA384
c025 ECDH_ECDSA_WITH_AES_128_CBC_SHA256 ECDH-ECDSA-AES128-SHA256
c026 ECDH_ECDSA_WITH_AES_256_CBC_SHA384 ECDH-ECDSA-AES256-SHA384
c027 ECDHE_RSA_WITH_AES_128_CBC_SHA256 ECDHE-RSA-AES128-SHA256
c028 ECDHE_RSA_WITH_AES_256_CBC_SHA384 ECDHE-RSA-AES256-SHA384
c029 ECDH_RSA_WITH_AES_128_CBC_SHA256 ECDH-RSA-AES128-SHA256
c02a ECDH_RSA_WITH_AES_256_CBC_SHA384 ECDH-RSA-AES256-SHA384
c02b ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 ECDHE-ECDSA-AES128-GCM-SHA256
c02c ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 ECDHE-ECDSA-AES256-GCM-SHA384
c02d ECDH_ECDSA_WITH_AES_128_GCM_SHA256 ECDH-ECDSA-AES128-GCM-SHA256
c02e ECDH_ECDSA_WITH_AES_256_GCM_SHA384 ECDH-ECDSA-AES256-GCM-SHA384
c02f ECDHE_RSA_WITH_AES_128_GCM_SHA256 ECDHE-RSA-AES128-GCM-SHA256
c030 ECDHE_RSA_WITH_AES_256_GCM_SHA384 ECDHE-RSA-AES256-GCM-SHA384
c031 ECDH_RSA_WITH_AES_128_GCM_SHA256 ECDH-RSA-AES128-GCM-SHA256
c032 ECDH_RSA_WITH_AES_256_GCM_SHA384 ECDH-RSA-AES256-GCM-SHA384
c03c RSA_WITH_ARIA_128_CBC_SHA256 ARIA128-SHA256
c03d RSA_WITH_ARIA_256_CBC_SHA384 ARIA256-SHA384
c048 ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256 ECDHE-ECDSA-ARIA128-SHA256
c049 ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384 ECDHE-ECDSA-ARIA256-SHA384
c04c ECDHE_RSA_WITH_ARIA_128_CBC_SHA256 ECDHE-ARIA128-SHA256
c04d ECDHE_RSA_WITH_ARIA_256_CBC_SHA384 ECDHE-ARIA256-SHA384
c050 RSA_WITH_ARIA_128_GCM_SHA256 ARIA128-GCM-SHA256
c051 RSA_WITH_ARIA_256_GCM_SHA384 ARIA256-GCM-SHA384
c052 DHE_RSA_WITH_ARIA_128_GCM_SHA256 DHE-RSA-ARIA128-GCM-SHA256
c053 DHE_RSA_WITH_ARIA_256_GCM_SHA384 DHE-RSA-ARIA256-GCM-SHA384
c056 DHE_DSS_WITH_ARIA_128_GCM_SHA256 DHE-DSS-ARIA128-GCM-SHA256
c057 DHE_DSS_WITH_ARIA_256_GCM_SHA384 DHE-DSS-ARIA256-GCM-SHA384
c05c ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256 ECDHE-ECDSA-ARIA128-GCM-SHA256
c05d ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384 ECDHE-ECDSA-ARIA256-GCM-SHA384
c060 ECDHE_RSA_WITH_ARIA_128_GCM_SHA256 ECDHE-ARIA128-GCM-SHA256
c061 ECDHE_RSA_WITH_ARIA_256_GCM_SHA384 ECDHE-ARIA256-GCM-SHA384
c072 ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256 ECDHE-ECDSA-CAMELLIA128-SHA256
c073 ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384 ECDHE-ECDSA-CAMELLIA256-SHA384
c076 ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 ECDHE-RSA-CAMELLIA128-SHA256
c077 ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384 ECDHE-RSA-CAMELLIA256-SHA384
c07a RSA_WITH_CAMELLIA_128_GCM_SHA256 CAMELLIA128-GCM-SHA256
c07b RSA_WITH_CAMELLIA_256_GCM_SHA384 CAMELLIA256-GCM-SHA384
c07c DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256 DHE-RSA-CAMELLIA128-GCM-SHA256
c07d DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384 DHE-RSA-CAMELLIA256-GCM-SHA384
c086 ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256 ECDHE-ECDSA-CAMELLIA128-GCM-SHA256
c087 ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384 ECDHE-ECDSA-CAMELLIA256-GCM-SHA384
c08a ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256 ECDHE-RSA-CAMELLIA128-GCM-SHA256
c08b ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384 ECDHE-RSA-CAMELLIA256-GCM-SHA384
c09c RSA_WITH_AES_128_CCM AES128-CCM
c09d RSA_WITH_AES_256_CCM AES256-CCM
c09e DHE_RSA_WITH_AES_128_CCM DHE-RSA-AES128-CCM
c09f DHE_RSA_WITH_AES_256_CCM DHE-RSA-AES256-CCM
c0a0 RSA_WITH_AES_128_CCM_8 AES128-CCM8
c0a1 RSA_WITH_AES_256_CCM_8 AES256-CCM8
c0a2 DHE_RSA_WITH_AES_128_CCM_8 DHE-RSA-AES128-CCM8
c0a3 DHE_RSA_WITH_AES_256_CCM_8 DHE-RSA-AES256-CCM8
c0ac ECDHE_ECDSA_WITH_AES_128_CCM ECDHE-ECDSA-AES128-CCM
c0ad ECDHE_ECDSA_WITH_AES_256_CCM ECDHE-ECDSA-AES256-CCM
c0ae ECDHE_ECDSA_WITH_AES_128_CCM_8 ECDHE-ECDSA-AES128-CCM8
c0af ECDHE_ECDSA_WITH_AES_256_CCM_8 ECDHE-ECDSA-AES256-CCM8
cca8 ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 ECDHE-RSA-CHACHA20-POLY1305
cca9 ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 ECDHE-ECDSA-CHACHA20-POLY1305
ccaa DHE_RSA_WITH_CHACHA20_POLY1305_SHA256 DHE-RSA-CHACHA20-POLY1305
`

export interface CipherSuite {
  /** Two bytes of the wire. */
  readonly id: number
  /** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` */
  readonly name: string
  /** `ECDHE-RSA-AES128-GCM-SHA256` */
  readonly openssl: string
  /** `RSA`: the secret travels under the certificate's key; `any`: TLS 1.3, where groups decide. */
  readonly keyExchange: 'RSA' | 'DH' | 'DHE' | 'ECDH' | 'ECDHE' | 'any'
  /** Which kind of certificate key signs (or, for `RSA` and static DH, decrypts). */
  readonly authentication: 'RSA' | 'ECDSA' | 'DSS' | 'anonymous' | 'any'
  /** `AES_128_GCM`, `3DES_EDE_CBC`, `NULL`… */
  readonly encryption: string
  /** Of the key against the best attack known: 0, 40, 56, 112, 128, 256. */
  readonly strengthBits: number
  readonly mode: 'null' | 'stream' | 'cbc' | 'aead'
  readonly mac: 'AEAD' | 'MD5' | 'SHA' | 'SHA256' | 'SHA384'
  readonly exported: boolean
}

const strengthOf = (encryption: string): number => {
  if (encryption === 'NULL') return 0
  if (/_40|DES40/.test(encryption)) return 40
  if (encryption === 'DES_CBC' || /_56/.test(encryption)) return 56
  // Meet in the middle leaves three-key DES 112 bits.
  if (encryption.startsWith('3DES')) return 112
  return encryption.includes('256') || encryption.startsWith('CHACHA') ? 256 : 128
}

function readRow(row: string): CipherSuite {
  const [hex = '', short = '', openssl = ''] = row.split(' ')
  const id = Number.parseInt(hex, 16)
  const [before, after] = short.includes('_WITH_') ? (short.split('_WITH_') as [string, string]) : [undefined, short]
  const exported = before?.includes('EXPORT') === true
  const parts = (before ?? 'any_any').replace(/_EXPORT(1024)?/, '').split('_')
  const keyExchange = parts[0] as CipherSuite['keyExchange']
  const authentication = parts[1] === 'anon' ? 'anonymous' : ((parts[1] ?? 'RSA') as CipherSuite['authentication'])
  const aead = /GCM|CCM|POLY1305/.test(after)
  const hash = /_(MD5|SHA256|SHA384|SHA)$/.exec(after)?.[1]
  const encryption = hash === undefined ? after : after.slice(0, -hash.length - 1)
  return {
    id,
    name: `TLS_${short}`,
    openssl,
    keyExchange,
    authentication,
    encryption,
    strengthBits: strengthOf(encryption),
    mode: encryption === 'NULL' ? 'null' : encryption.startsWith('RC4') ? 'stream' : aead ? 'aead' : 'cbc',
    mac: aead ? 'AEAD' : ((hash ?? 'SHA') as CipherSuite['mac']),
    exported,
  }
}

export const CIPHER_SUITES: readonly CipherSuite[] = REGISTRY.trim().split('\n').map(readRow)

const byId = new Map(CIPHER_SUITES.map((suite) => [suite.id, suite]))
const byName = new Map(CIPHER_SUITES.flatMap((suite) => [[suite.name, suite] as const, [suite.openssl, suite] as const]))

export const suiteById = (id: number): CipherSuite | undefined => byId.get(id)
/** By its IANA or its OpenSSL name. */
export const suiteNamed = (name: string): CipherSuite | undefined => byName.get(name)
/** OpenSSL name, or the number where it has none: `0xdada`. */
export const suiteName = (id: number): string => byId.get(id)?.openssl ?? `0x${id.toString(16).padStart(4, '0')}`

/** What is wrong with a suite, worst first; a suite belongs to the first that fits. */
export const SUITE_CLASSES = ['null', 'export', 'anonymous', 'broken', '3des', 'static-rsa', 'static-dh', 'dhe', 'cbc', 'strong'] as const
export type SuiteClass = (typeof SUITE_CLASSES)[number]

/**
 * `broken`: RC4 (RFC 7465), DES, RC2, IDEA, SEED or an MD5 MAC. `static-rsa`, `static-dh`: no forward secrecy (RFC 9325 §4.1). `dhe`: finite-field
 * Diffie-Hellman, whose strength its parameters decide. `cbc`: ephemeral elliptic curves, but a CBC suite. `strong`: ephemeral and AEAD.
 */
export function suiteClass(suite: CipherSuite): SuiteClass {
  if (suite.mode === 'null') return 'null'
  if (suite.exported) return 'export'
  if (suite.authentication === 'anonymous') return 'anonymous'
  if (/^(RC4|RC2|DES|IDEA|SEED)/.test(suite.encryption) || suite.mac === 'MD5') return 'broken'
  if (suite.encryption.startsWith('3DES')) return '3des'
  if (suite.keyExchange === 'RSA') return 'static-rsa'
  if (suite.keyExchange === 'DH' || suite.keyExchange === 'ECDH') return 'static-dh'
  if (suite.keyExchange === 'DHE') return 'dhe'
  return suite.mode === 'aead' ? 'strong' : 'cbc'
}
/** Undefined for a number that we know no suite of. */
export const suiteClassOf = (id: number): SuiteClass | undefined => {
  const suite = suiteById(id)
  return suite === undefined ? undefined : suiteClass(suite)
}

/** Named groups (IANA TLS Supported Groups); the names OpenSSL and browsers use. */
const GROUPS: Readonly<Record<number, string>> = {
  1: 'sect163k1',
  2: 'sect163r1',
  3: 'sect163r2',
  4: 'sect193r1',
  5: 'sect193r2',
  6: 'sect233k1',
  7: 'sect233r1',
  8: 'sect239k1',
  9: 'sect283k1',
  10: 'sect283r1',
  11: 'sect409k1',
  12: 'sect409r1',
  13: 'sect571k1',
  14: 'sect571r1',
  15: 'secp160k1',
  16: 'secp160r1',
  17: 'secp160r2',
  18: 'secp192k1',
  19: 'secp192r1',
  20: 'secp224k1',
  21: 'secp224r1',
  22: 'secp256k1',
  23: 'P-256',
  24: 'P-384',
  25: 'P-521',
  26: 'brainpoolP256r1',
  27: 'brainpoolP384r1',
  28: 'brainpoolP512r1',
  29: 'X25519',
  30: 'X448',
  256: 'ffdhe2048',
  257: 'ffdhe3072',
  258: 'ffdhe4096',
  259: 'ffdhe6144',
  260: 'ffdhe8192',
  512: 'MLKEM512',
  513: 'MLKEM768',
  514: 'MLKEM1024',
  4587: 'SecP256r1MLKEM768',
  4588: 'X25519MLKEM768',
  4589: 'SecP384r1MLKEM1024',
  25497: 'X25519Kyber768Draft00',
}
export const groupName = (id: number): string => GROUPS[id] ?? `0x${id.toString(16).padStart(4, '0')}`

/** Signature schemes (RFC 8446 §4.2.3, and the hash-and-signature pairs of RFC 5246 §7.4.1.4.1). */
const SIGNATURE_SCHEMES: Readonly<Record<number, string>> = {
  0x0101: 'rsa_pkcs1_md5',
  0x0201: 'rsa_pkcs1_sha1',
  0x0202: 'dsa_sha1',
  0x0203: 'ecdsa_sha1',
  0x0301: 'rsa_pkcs1_sha224',
  0x0302: 'dsa_sha224',
  0x0303: 'ecdsa_sha224',
  0x0401: 'rsa_pkcs1_sha256',
  0x0402: 'dsa_sha256',
  0x0403: 'ecdsa_secp256r1_sha256',
  0x0501: 'rsa_pkcs1_sha384',
  0x0503: 'ecdsa_secp384r1_sha384',
  0x0601: 'rsa_pkcs1_sha512',
  0x0603: 'ecdsa_secp521r1_sha512',
  0x0804: 'rsa_pss_rsae_sha256',
  0x0805: 'rsa_pss_rsae_sha384',
  0x0806: 'rsa_pss_rsae_sha512',
  0x0807: 'ed25519',
  0x0808: 'ed448',
  0x0809: 'rsa_pss_pss_sha256',
  0x080a: 'rsa_pss_pss_sha384',
  0x080b: 'rsa_pss_pss_sha512',
}
export const signatureName = (id: number): string => SIGNATURE_SCHEMES[id] ?? `0x${id.toString(16).padStart(4, '0')}`

const VERSIONS: Readonly<Record<number, string>> = { 2: 'SSLv2', 0x0300: 'SSLv3', 0x0301: 'TLSv1', 0x0302: 'TLSv1.1', 0x0303: 'TLSv1.2', 0x0304: 'TLSv1.3' }
export const versionName = (id: number): string => VERSIONS[id] ?? `0x${id.toString(16).padStart(4, '0')}`

/** Alert descriptions of RFC 8446 §6 and its forerunners, by number. */
const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
}
/** `handshake_failure`, or `number_7` for one that no document names. */
export const alertName = (description: number): string => ALERTS[description] ?? `number_${description}`
/**
 * Alerts by which a server says no (rules G1): handshake_failure, illegal_parameter, protocol_version, insufficient_security, internal_error,
 * inappropriate_fallback, unrecognized_name, no_application_protocol.
 */
export const REFUSING_ALERTS: ReadonlySet<number> = new Set([40, 47, 70, 71, 80, 86, 112, 120])
