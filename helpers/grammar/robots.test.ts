import { expect, test } from 'vitest'
import { closesSite, forbidsListing } from './robots.ts'

test.each<[string, boolean]>([
  ['User-agent: *\nDisallow: /', true],
  ['user-AGENT:*\r\nDISALLOW : /*\r\n', true],
  ['# closed\nUser-agent: *  # all\nDisallow: / # everything', true],
  ['User-agent: a\nUser-agent: *\nDisallow: /', true],
  ['User-agent: *\nDisallow: /private\nDisallow: /', true],
  ['User-agent: *\nDisallow:', false],
  ['User-agent: *\nDisallow: /private', false],
  ['User-agent: *\nDisallow: /\nAllow: /public', false],
  ['User-agent: a\nDisallow: /', false],
  ['User-agent: *\nDisallow: /x\n\nUser-agent: a\nDisallow: /', false],
  ['User-agent: *\nUser-agent: a\nDisallow: /', true],
  ['Disallow: /', false],
  ['', false],
  ['\0\u0001:\n:::', false],
  ['<html>User-agent: *</html>', false],
  [`User-agent: *\n${'#'.repeat(64_000)}\nDisallow: /`, true],
])('%j closes the whole site: %s', (text, closed) => {
  expect(closesSite(text)).toBe(closed)
})

test.each<[readonly string[], boolean]>([
  [['noindex'], true],
  [['NOINDEX, nofollow'], true],
  [['nofollow , none'], true],
  [['nofollow', 'noindex'], true],
  [['unavailable_after: 25 Jun 2026 15:00:00 GMT, noindex'], true],
  [['max-snippet: 0, noindex'], true],
  [['googlebot: noindex'], false],
  [['googlebot: nofollow', 'noindex'], true],
  [['all'], false],
  [['nofollow'], false],
  [['noindexing'], false],
  [['"noindex"'], false],
  [[''], false],
  [[], false],
  [['a,'.repeat(32_000)], false],
])('%j keeps all from listing it: %s', (values, closed) => {
  expect(forbidsListing(values)).toBe(closed)
})
