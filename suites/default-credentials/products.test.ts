/** Each product against a server that plays it by its public documentation: in order, with its well-known password, unclaimed, open to read, open to sign up, and a stranger in its place. */
import { describe, expect, test } from 'vitest'
import type { FakeState, ProductFake } from '../../fixtures/products/fake.ts'
import { playProduct } from '../../fixtures/products/fake.ts'
import { FAKES } from '../../fixtures/products/index.ts'
import { defaultCredentials } from '../../fixtures/stages/default-credentials.ts'
import { runTarget } from '../../helpers/run.ts'
import { normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import anonymous from './anonymous.check.ts'
import firstRun from './first-run.check.ts'
import openRegistration from './open-registration.check.ts'
import { PRODUCTS } from './products/index.ts'
import wellKnownLogin from './well-known-login.check.ts'

const CHECKS = { login: wellKnownLogin, claimed: firstRun, anonymous, registration: openRegistration } as const
type Asked = keyof typeof CHECKS
type Said = Readonly<Record<Asked, string>>

async function said(fake: ProductFake, state: FakeState, product: string | undefined): Promise<Said> {
  const played = await playProduct(fake, state)
  try {
    const target = normaliseTarget(
      targetSchema.parse({
        domain: 'example.com',
        hosts: { '@': {} },
        allow: ['login'],
        network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: played.port } },
        defaultCredentials: { discover: false, services: [{ url: 'http://{domain}', ...(product === undefined ? {} : { product }) }] },
      }),
      { sha256: '0'.repeat(64) },
    )
    const { results } = await runTarget(target, { catalogue: Object.values(CHECKS) })
    return Object.fromEntries(
      Object.entries(CHECKS).map(([name, { id }]) => {
        const result = results.find(({ check }) => check === id)
        return [name, result === undefined ? 'absent' : result.outcome === 'inconclusive' ? `inconclusive ${result.reason}` : result.outcome]
      }),
    ) as Said
  } finally {
    await played.stop()
  }
}
const inOrder = ({ login, unclaimed, open, registration }: ProductFake): Said => ({
  login: login === undefined ? 'skip' : 'pass',
  claimed: unclaimed === undefined ? 'skip' : 'pass',
  anonymous: open === undefined ? 'skip' : 'pass',
  registration: registration === undefined ? 'skip' : 'pass',
})
const BROKEN: readonly (readonly [state: FakeState, of: keyof ProductFake, asked: Asked])[] = [
  ['well-known password', 'login', 'login'],
  ['unclaimed', 'unclaimed', 'claimed'],
  ['open', 'open', 'anonymous'],
  ['registration', 'registration', 'registration'],
]

test('every product is played: by data here, or on the stage', async () => {
  const staged = ((await defaultCredentials.world()).target.defaultCredentials?.services ?? []).flatMap(({ product }) => product ?? [])
  expect([...FAKES.map(({ id }) => id), ...staged].sort()).toEqual(PRODUCTS.map(({ id }) => id).sort())
  for (const { id, login, unclaimed, open, registration } of FAKES) {
    const product = PRODUCTS.find((one) => one.id === id)
    // What a product is asked for is played, and nothing else.
    expect([id, login !== undefined, unclaimed !== undefined, open !== undefined, registration !== undefined]).toEqual([
      id,
      (product?.pairs ?? []).length > 0,
      product?.firstRun !== undefined,
      product?.open !== undefined,
      product?.registration !== undefined,
    ])
  }
})

describe.each(FAKES.map((fake) => [fake.id, fake] as const))('%s', (id, fake) => {
  test('in order', async () => {
    expect(await said(fake, 'in order', id)).toEqual(inOrder(fake))
  })
  test.each(BROKEN.filter(([, of]) => fake[of] !== undefined))('%s', async (state, _of, asked) => {
    const outcomes = await said(fake, state, id)
    expect(Object.entries(outcomes).flatMap(([name, outcome]) => (outcome === 'fail' ? [name] : []))).toEqual([asked])
  })
  test('a stranger in its place is not taken for it, and nothing good is said of it', async () => {
    const stranger: ProductFake = { id: 'shop', pages: {}, elsewhere: { html: ['Shop', `<h1>Welcome</h1><p>We write about ${id} here.</p>`] } }
    const outcomes = Object.values(await said(stranger, 'in order', id))
    expect(new Set(outcomes)).toEqual(new Set([`inconclusive what answers here is not recognised as ${id}`]))
  })
})
