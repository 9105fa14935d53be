/** What the CAA checks share: the record set that holds for a name, and the domains by which authorities are named in it. */
import { type CaaProperty, readCaa } from '../../helpers/grammar/caa.ts'
import type { DnsObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { Evidence } from '../../helpers/verdict.ts'
import { lookLine, valuesOf } from './shared.ts'

export type Climb = readonly { readonly name: string; readonly seen: Observed<DnsObservation> }[]
export interface CaaSet {
  /** Where the set was found; undefined: nowhere up to the top, anybody may issue. */
  readonly at?: string
  readonly properties: readonly CaaProperty[]
  readonly malformed: readonly string[]
  /** A step that gave no usable answer: nothing can be said. */
  readonly broken?: string
}

/** RFC 8659 §3: the first non-empty set, from the name upwards. */
export function setOf(climb: Climb): CaaSet {
  for (const { name, seen } of climb) {
    if (!seen.ok || (seen.value.rcode !== 'NOERROR' && seen.value.rcode !== 'NXDOMAIN'))
      return { properties: [], malformed: [], broken: `${name}: ${lookLine(seen)}` }
    const values = valuesOf(seen.value, 'CAA')
    if (values.length === 0) continue
    const read = values.map((value) => ({ value, reading: readCaa(value) }))
    return {
      at: name,
      properties: read.flatMap(({ reading }) => (reading.ok ? [reading.value] : [])),
      malformed: read.flatMap(({ value, reading }) =>
        reading.ok ? (reading.value.malformed === undefined ? [] : [`${value} (${reading.value.malformed})`]) : [`${value} (${reading.error})`],
      ),
    }
  }
  return { properties: [], malformed: [] }
}

export const climbEvidence = (climb: Climb, expected: string): readonly Evidence[] =>
  climb.map(({ name, seen }) => ({
    what: `CAA of ${name}`,
    expected,
    received: lookLine(seen),
    ...(seen.ok ? { where: `@${seen.value.server}`, at: seen.value.at } : {}),
  }))

/** Text in the issuer's organisation (lower case) to the domains it accepts in CAA, from the authorities' practice statements (CCADB). */
const AUTHORITIES: readonly (readonly [organisation: RegExp, domains: readonly string[]])[] = [
  [/let's encrypt|internet security research group/, ['letsencrypt.org']],
  [/google trust services/, ['pki.goog']],
  [/sectigo|comodo|usertrust|zerossl/, ['sectigo.com', 'comodo.com', 'comodoca.com', 'usertrust.com', 'trust-provider.com', 'zerossl.com']],
  [
    /digicert|geotrust|rapidssl|thawte|symantec|quovadis/,
    [
      'digicert.com',
      'www.digicert.com',
      'digicert.ne.jp',
      'cybertrust.ne.jp',
      'symantec.com',
      'thawte.com',
      'geotrust.com',
      'rapidssl.com',
      'quovadisglobal.com',
    ],
  ],
  [/^amazon/, ['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com']],
  [/globalsign/, ['globalsign.com', 'www.globalsign.com']],
  [/godaddy|starfield/, ['godaddy.com', 'starfieldtech.com']],
  [/entrust/, ['entrust.net', 'affirmtrust.com']],
  [/buypass/, ['buypass.com', 'buypass.no']],
  [/ssl corp|ssl\.com/, ['ssl.com']],
  [/certum|asseco|unizeto/, ['certum.pl', 'certum.eu', 'yandex.ru']],
  [/harica|hellenic academic/, ['harica.gr']],
  [/swisssign/, ['swisssign.com', 'swisssign.net', 'swissign.com']],
  [/actalis/, ['actalis.it']],
  [/^microsoft/, ['microsoft.com']],
  [/identrust/, ['identrust.com']],
  [/telekom|t-systems/, ['telesec.de', 'pki.dfn.de', 'dfn.de']],
  [/trustcor|certigna|dhimyotis/, ['certigna.fr']],
]
/** Domains by which an authority goes in CAA; undefined for one that is not known. */
export const caaDomainsOf = (organisation: string): readonly string[] | undefined =>
  AUTHORITIES.find(([pattern]) => pattern.test(organisation.toLowerCase().replaceAll('’', "'")))?.[1]
