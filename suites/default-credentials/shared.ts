/** What the checks of well-known passwords share: places as subjects, the product at a place, how looks are told. */
import { withoutTrailing } from '../../helpers/grammar/linear.ts'
import type { Subject } from '../../helpers/check.ts'
import {
  type Door,
  type Identity,
  identify,
  type LoginLook,
  type PageLook,
  type Product,
  type Tried,
  tryLogins,
} from '../../helpers/probes/default-credentials.ts'
import { ownerExpression } from '../../helpers/owner-expression.ts'
import type { Observed, Probe } from '../../helpers/probe.ts'
import { curlFor, givenWord } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, skip, type Verdict } from '../../helpers/verdict.ts'
import { PRODUCTS } from './products/index.ts'

type Declared = NonNullable<Target['file']['defaultCredentials']>
type Service = NonNullable<Declared['services']>[number]
type Seed = NonNullable<Declared['seeds']>[number]

export interface Place {
  readonly url: string
  /** Declared; left out: whatever is found there. */
  readonly product?: string
  readonly registration?: 'open' | 'closed'
  readonly known: readonly Product[]
  readonly seed?: Seed
}
const urlOf = (target: Target, url: string): string => withoutTrailing(url.replaceAll('{domain}', target.domain), '/')

const sign = (one: { status?: number | number[] | undefined; bodyRegex?: string | undefined }) => ({
  ...(one.status === undefined ? {} : { status: [one.status].flat() }),
  ...(one.bodyRegex === undefined ? {} : { body: ownerExpression(one.bodyRegex) }),
})
/** A product that only the owner knows: it is what it is said to be as soon as it answers at all. */
function ownProduct({ product, login }: Pick<Service, 'product' | 'login'>): Product | undefined {
  if (login === undefined) return undefined
  const door: Door = {
    name: 'declared sign-in',
    request: { path: login.path, ...(login.json === undefined ? {} : { json: login.json }), ...(login.form === undefined ? {} : { form: login.form }) },
    accepted: sign(login.accepted),
    refused: sign(login.refused),
    ...(login.tokenRegex === undefined ? {} : { token: { find: ownerExpression(login.tokenRegex), header: 'Authorization', value: 'Bearer {token}' } }),
    proof: { path: login.proof.path, ...sign(login.proof) },
  }
  const name = product ?? 'declared'
  return { id: name, name, source: 'the target', marks: [{ path: '/', status: [200, 201, 204, 301, 302, 303, 307, 308, 401, 403, 404] }], doors: [door] }
}
const placeOf = (target: Target, service: Pick<Service, 'url' | 'product' | 'login'> & { registration?: 'open' | 'closed' | undefined }): Place => {
  const own = ownProduct(service)
  return {
    url: urlOf(target, service.url),
    ...(own === undefined ? (service.product === undefined ? {} : { product: service.product }) : { product: own.id }),
    ...(service.registration === undefined ? {} : { registration: service.registration }),
    known: own === undefined ? PRODUCTS : [own],
  }
}
const hostAt = (target: Target, url: string): Host | undefined => {
  const name = /^https?:\/\/([^/:]+)/i.exec(url)?.[1]?.toLowerCase()
  return target.hosts.find((host) => host.fqdn === name)
}
const subjectOf = (target: Target, place: Place, name = place.url): Subject => {
  const host = hostAt(target, place.url)
  return { name, ...(host === undefined ? {} : { host }), item: place }
}

/** Declared services, and every other host where a page lives. */
export function places(target: Target): readonly Subject[] {
  const declared = target.file.defaultCredentials
  if (declared === undefined) return []
  const own = (declared.services ?? []).map((service) => placeOf(target, service))
  const taken = new Set(own.map(({ url }) => url))
  const hosts = declared.discover === false ? [] : target.hosts.filter(({ kind, fqdn }) => kind !== 'redirect' && !taken.has(`https://${fqdn}`))
  return [...own, ...hosts.map(({ fqdn }): Place => ({ url: `https://${fqdn}`, known: PRODUCTS }))].map((place) => subjectOf(target, place))
}
export const seeds = (target: Target): readonly Subject[] =>
  (target.file.defaultCredentials?.seeds ?? []).map((seed) => {
    const place = { ...placeOf(target, seed), seed }
    return subjectOf(target, place, `${place.url} ${seed.username}`)
  })

export const placeAt = (subject: Subject): Place => subject.item as Place
export const productAt = (subject: Subject, id: string | undefined): Product | undefined => placeAt(subject).known.find((one) => one.id === id)
export const notDeclared = { skip: 'not-declared', reason: 'the target has no defaultCredentials' } as const

export const identityAt = (subject: Subject): Probe<Identity> => identify(placeAt(subject).url, placeAt(subject).known, placeAt(subject).product)
export const loginsAt = (subject: Subject, target: Target, tried: Tried): Probe<LoginLook> =>
  tryLogins(placeAt(subject).url, placeAt(subject).known, placeAt(subject).product, tried, target)

/** Declared by a name that no product has: nothing was looked for. */
export const unknownName = (subject: Subject): string | undefined => {
  const { product, known } = placeAt(subject)
  return product !== undefined && !known.some(({ id }) => id === product)
    ? `no product is known as ${JSON.stringify(product)}; known: ${PRODUCTS.map(({ id }) => id)
        .sort()
        .join(', ')}`
    : undefined
}
/** Nothing known answers. For a declared service that is no basis to say anything good of it. */
export function unrecognised(
  subject: Subject,
  identity: Identity,
): { readonly declared: boolean; readonly reason: string; readonly evidence: readonly Evidence[] } {
  const { product, url } = placeAt(subject)
  const evidence = identity.looks.map((look) => told(url, look, 'a page of a product that is known'))
  return product === undefined
    ? { declared: false, reason: 'no product that is known answers here', evidence }
    : { declared: true, reason: `what answers here is not recognised as ${product}`, evidence }
}
/** Judges what was seen of the product at a place; where none is known to be there, says why nothing is judged. */
export function judgeProduct(subject: Subject, seen: Observed<Identity>, judge: (product: Product, identity: Identity) => Verdict): Verdict {
  const misnamed = unknownName(subject)
  if (misnamed !== undefined) return inconclusive('misused', misnamed)
  if (!seen.ok) return inconclusive('unobserved', `${seen.failure.message} (${seen.failure.code})`)
  const product = productAt(subject, seen.value.product)
  if (product !== undefined) return judge(product, seen.value)
  const { declared, reason, evidence } = unrecognised(subject, seen.value)
  return declared ? inconclusive('unobserved', reason, evidence) : skip('not-applicable', reason, evidence)
}
export const told = (url: string, look: PageLook, expected: string): Evidence => ({
  what: `GET ${look.path}`,
  expected,
  received:
    look.failure === undefined
      ? `${look.status ?? 'nothing'}${look.matched ? ', as described' : ', something else'}`
      : `${look.failure.message} (${look.failure.code})`,
  where: `${url}${look.path}${look.peer === undefined ? '' : ` (${look.peer})`}`,
  ...(look.at === undefined ? {} : { at: look.at }),
})
/** Signs in as the evidence says (`login form: the account admin with its well-known password`), with a password that the shell is given. */
export function signInLine(subject: Subject, target: Target, evidence?: readonly Evidence[]): string {
  const [, name, account] = /^(.+?): the account (\S+) with its well-known password$/.exec(evidence?.[0]?.what ?? '') ?? []
  const { url, known, product } = placeAt(subject)
  // Where the product was not declared, it was recognised by what it shows: its name is that of the door's evidence alone.
  const doors = known.filter(({ id }) => product === undefined || id === product).flatMap((one) => one.doors ?? [])
  const door = doors.find((one) => one.name === name && (evidence?.[0]?.where ?? '').includes(one.proof.path)) ?? doors.find((one) => one.name === name)
  if (door === undefined || account === undefined) return show(subject, target, productAt(subject, product)?.doors?.[0]?.proof.path ?? '/')
  const fill = (text: string): string => text.replace('{username}', account).replace('{password}', '{PASSWORD}')
  const { request } = door
  const line =
    request === undefined
      ? curlFor(target, `${url}${door.proof.path}`, { flags: ['-sS', '-i', '-u', `${account}:{PASSWORD}`] })
      : curlFor(target, `${url}${request.path}`, {
          method: 'POST',
          flags: ['-sS', '-i'],
          ...(request.json === undefined ? {} : { headers: [['Content-Type', 'application/json']] }),
          body:
            request.json === undefined
              ? Object.entries(request.form ?? {})
                  .map(([field, value]) => `${field}=${fill(value)}`)
                  .join('&')
              : fill(JSON.stringify(request.json)),
        })
  return line.replace('{PASSWORD}', `'${givenWord('PASSWORD', 'the password that its documentation names')}'`)
}
export const show = (subject: Subject, target: Target, path: string): string =>
  curlFor(target, `${placeAt(subject).url}${path}`, { flags: ['-sS', '-i', '-L'] })
