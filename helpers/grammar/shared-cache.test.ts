import { describe, expect, test } from 'vitest'
import { sharedHit, targetedControls, targetedSeconds } from './shared-cache.ts'

describe('signs of a shared cache', () => {
  test.each<readonly [what: string, name: string, value: string, hit: boolean]>([
    ['age', 'Age', '12', true],
    ['no age', 'Age', '0', false],
    ['an age that is none', 'Age', 'twelve', false],
    ['RFC 9211', 'Cache-Status', 'ExampleCache; hit; ttl=376', true],
    ['RFC 9211, said at length', 'Cache-Status', 'ExampleCache; hit=?1', true],
    ['RFC 9211, said not', 'Cache-Status', 'ExampleCache; hit=?0; fwd=miss', false],
    ['RFC 9211, asked for anew', 'Cache-Status', '"Netlify Edge"; fwd=stale', false],
    ['RFC 9211, a miss in front of a hit', 'Cache-Status', 'Origin; hit, Edge; fwd=miss', true],
    ['Cloudflare', 'CF-Cache-Status', 'HIT', true],
    ['Cloudflare, not kept', 'cf-cache-status', 'DYNAMIC', false],
    ['Cloudflare, kept from now on', 'cf-cache-status', 'MISS', false],
    ['CloudFront', 'x-cache', 'Hit from cloudfront', true],
    ['CloudFront, asked whether it is still so', 'x-cache', 'RefreshHit from cloudfront', true],
    ['CloudFront, none', 'x-cache', 'Miss from cloudfront', false],
    ['CloudFront, an error', 'x-cache', 'Error from cloudfront', false],
    ['Akamai', 'X-Cache', 'TCP_MEM_HIT from a23-45-67-89 (AkamaiGHost/11.0)', true],
    ['Akamai, asked for anew', 'X-Cache', 'TCP_REFRESH_MISS from a23-45-67-89', false],
    ['Fastly', 'X-Cache', 'MISS, HIT', true],
    ['Fastly counts', 'X-Cache-Hits', '0, 3', true],
    ['Fastly counts none', 'X-Cache-Hits', '0, 0', false],
    ['Varnish', 'X-Varnish', '32770 5', true],
    ['Varnish, asked for anew', 'X-Varnish', '32770', false],
    ['Vercel', 'x-vercel-cache', 'HIT', true],
    ['Next.js', 'x-nextjs-cache', 'STALE', true],
    ['Bunny', 'CDN-Cache', 'HIT', true],
    ['nginx', 'X-Cache-Status', 'EXPIRED', false],
    ['nginx by another name', 'X-FastCGI-Cache', 'HIT', true],
    ['data of the application', 'X-Object-Cache', 'HIT', false],
    ['a word that only begins alike', 'X-Cache', 'HITCHHIKER', false],
  ])('%s', (_, name, value, hit) => expect(sharedHit([[name, value]]) !== undefined).toBe(hit))
})

describe('what is said to caches of the operator alone (RFC 9213)', () => {
  test.each<readonly [what: string, name: string, value: string, seconds: number]>([
    ['a life', 'CDN-Cache-Control', 'max-age=600', 600],
    ['forbidden', 'CDN-Cache-Control', 'no-store, max-age=600', 0],
    ['of one maker', 'Cloudflare-CDN-Cache-Control', 'public, max-age=60', 60],
    ['the old field', 'Surrogate-Control', 'max-age=3600, content="ESI/1.0"', 3600],
    ['nothing in it', 'CDN-Cache-Control', '', 0],
  ])('%s', (_, name, value, seconds) => {
    const [said] = targetedControls([[name, value]])
    expect(said === undefined ? undefined : targetedSeconds(said.control)).toBe(seconds)
  })
  test('absent', () => expect(targetedControls([['cache-control', 'max-age=600']])).toEqual([]))
})
