/** What editors show of a target file: every key says what it means, at every place it may stand. */
import { expect, test } from 'vitest'
import { targetJsonSchema } from './json-schema.ts'

interface Node {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly prefixItems?: readonly Node[]
  readonly additionalProperties?: Node | boolean
  readonly anyOf?: readonly Node[]
  readonly $ref?: string
}

test('every key has a description', () => {
  const keys: string[] = []
  const silent: string[] = []
  const walk = (node: Node | boolean | undefined, path: readonly string[]): void => {
    if (typeof node !== 'object') return
    expect(node.$ref, `${path.join('.')} refers elsewhere, where this test does not look`).toBeUndefined()
    for (const [key, value] of Object.entries(node.properties ?? {})) {
      const place = [...path, key]
      keys.push(place.join('.'))
      if ((value.description ?? '').length < 4) silent.push(place.join('.'))
      walk(value, place)
    }
    walk(node.items, [...path, '[]'])
    walk(node.additionalProperties, [...path, '*'])
    for (const one of [...(node.anyOf ?? []), ...(node.prefixItems ?? [])]) walk(one, path)
  }
  walk(targetJsonSchema(), [])
  expect(keys.length).toBeGreaterThan(800)
  expect(silent).toEqual([])
  expect(keys).toEqual(expect.arrayContaining(['auth.client.login', 'auth.token.canary.address', 'auth.[].client.login.url']))
})
