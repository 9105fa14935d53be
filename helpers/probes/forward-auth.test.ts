/** Whose login page it is: the declared one in place of a document, or the application's own. */
import { expect, test } from 'vitest'
import { isLoginPage } from './auth/gateway.ts'

const FIELD = '<input type="password" name="p">'
const APP = 'https://app.example.com/reports?view=1'
const elsewhere = ['https://auth.{domain}/*']
const beside = ['/outpost.goauthentik.io/*']

test.each<[string, string, readonly string[], boolean]>([
  ['a form that goes to the login', `<form action="https://auth.example.com/api/firstfactor">${FIELD}</form>`, elsewhere, true],
  ['single quotes, and an ampersand written out', `<form action='https://auth.example.com/login?a=1&amp;b=2'>${FIELD}</form>`, elsewhere, true],
  ['no quotes, capitals', `<FORM METHOD=post ACTION=https://auth.example.com/login>${FIELD.toUpperCase()}</FORM>`, elsewhere, true],
  ['a search form before it', `<form action="/search"></form><form action="//auth.example.com/login">${FIELD}</form>`, elsewhere, true],
  ['beside the application, under its own path', `<form action="/outpost.goauthentik.io/auth">${FIELD}</form>`, beside, true],
  ['the own login of an application', `<form action="/session">${FIELD}</form>`, elsewhere, false],
  ['a form to the page itself', `<form method="post">${FIELD}</form>`, elsewhere, false],
  ['the own login, where the declared one is beside it', `<form action="/session">${FIELD}</form>`, beside, false],
  ['a name that only begins like the login', `<form action="https://auth.example.com.evil.test/login">${FIELD}</form>`, elsewhere, false],
  ['no password asked for', '<form action="https://auth.example.com/login"></form>', elsewhere, false],
  ['no form', FIELD, elsewhere, false],
  ['an address that is none', `<form action="https://[">${FIELD}</form>`, elsewhere, false],
  ['a pattern that is no address', `<form action="https://auth.example.com/login">${FIELD}</form>`, ['https://['], false],
])('%s', (_name, body, login, expected) => {
  expect(isLoginPage(body, APP, login, 'example.com')).toBe(expected)
})
