/** The part of the target file about journeys: what a user does, step by step. */
import { z } from 'zod'
import { signIn } from './act.ts'
import { matcher, status, text, webUrl } from './words.ts'

const captured = z
  .strictObject({
    json: text('JSON path').optional(),
    header: text('response header').optional(),
    cookie: text('cookie that was set').optional(),
    regex: text('regular expression; its first group in the body').optional(),
  })
  .refine((value) => Object.keys(value).length === 1, 'exactly one of json, header, cookie, regex')

const expectation = z.strictObject({
  status: status.meta({ description: 'statuses that are right; default 2xx and 3xx' }).optional(),
  json: z.record(z.string(), matcher).meta({ description: 'JSON fields by path' }).optional(),
  items: z
    .strictObject({
      path: text('JSON path of an array'),
      min: z.int().min(0).meta({ description: 'entries at least; default 1' }).optional(),
      max: z.int().min(0).meta({ description: 'entries at most' }).optional(),
    })
    .meta({ description: 'how many entries an array has' })
    .optional(),
  contains: z.array(z.string()).min(1).meta({ description: 'texts of the body' }).optional(),
  excludes: z.array(z.string()).min(1).meta({ description: 'texts that must not stand in the body' }).optional(),
  header: z.record(z.string(), matcher).meta({ description: 'response headers by name' }).optional(),
  minText: z.int().min(1).meta({ description: 'characters of text that a page must show at least' }).optional(),
  streamed: z.boolean().meta({ description: 'the answer comes in parts: its first part well before its last' }).optional(),
  maxMs: z.number().positive().meta({ description: 'milliseconds until the end of the answer' }).optional(),
})

const request = {
  name: text('what the user does'),
  url: webUrl.meta({ description: '{domain} is replaced by the domain, {name} by what was captured' }),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).meta({ description: 'default GET' }).optional(),
  headers: z.record(z.string(), z.string()).meta({ description: 'further request headers; {name} and {secret:name} are filled in' }).optional(),
  json: z.unknown().meta({ description: 'body sent as JSON; {name} and {secret:name} are filled in' }).optional(),
  form: z.record(z.string(), z.string()).meta({ description: 'body sent as a form; {name} and {secret:name} are filled in' }).optional(),
  body: z.string().meta({ description: 'body sent as text; {name} and {secret:name} are filled in' }).optional(),
  auth: z.enum(['session', 'none']).meta({ description: 'none: without the session of the journey' }).optional(),
  expect: expectation.meta({ description: 'what the answer must be like; left out: any success' }).optional(),
  capture: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'a name in camelCase'), captured)
    .meta({ description: 'values of the answer that later steps use as {name}' })
    .optional(),
  retry: z
    .strictObject({
      seconds: z.number().positive().max(120).meta({ description: 'for so long' }),
      everyMs: z.int().min(50).meta({ description: 'milliseconds between two tries; default 500' }).optional(),
    })
    .meta({ description: 'asked again until it is as expected, for so long: what happens in the background takes time' })
    .optional(),
}
const requestStep = z.strictObject(request)
/** Of a step in a browser that declares no number: nine of ten pages of the web send fewer than 200. */
export const PAGE_REQUESTS = 300
const browserStep = z.strictObject({
  name: text('what the user does'),
  browser: z
    .array(
      z.union([
        z.strictObject({ open: webUrl.meta({ description: 'page that is opened; {name} is filled in' }) }),
        z.strictObject({ fill: text('CSS selector'), with: text('text; {secret:name} is filled in') }),
        z.strictObject({ click: text('CSS selector') }),
        z.strictObject({
          see: text('CSS selector that must become visible'),
          containing: z.string().meta({ description: 'text that it must contain' }).optional(),
        }),
        z.strictObject({ count: text('CSS selector'), min: z.int().min(1).meta({ description: 'so many of them at least' }) }),
        z.strictObject({ at: text('text that the address of the page must contain') }),
      ]),
    )
    .min(1)
    .meta({ description: 'in a browser: pages load without console errors, failed requests and violations of the policy' }),
  maxRequests: z
    .int()
    .min(1)
    .max(10_000)
    .meta({ description: `requests that its pages may send together. What is beyond is not sent, and the journey ends there. Default ${PAGE_REQUESTS}` })
    .optional(),
  ignore: z.array(z.string().min(1)).meta({ description: 'console messages and addresses that are no fault' }).optional(),
})
const journey = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'a short name in kebab-case')
    .meta({ description: 'short name, for the report' }),
  auth: signIn.optional(),
  steps: z
    .array(z.union([requestStep, browserStep]))
    .min(1)
    .meta({ description: 'what is done, in order, with one session: requests, and pages in a browser' }),
  cleanUp: z.array(requestStep).meta({ description: 'always done at the end; a step whose captures are missing is left out' }).optional(),
  writes: z
    .boolean()
    .meta({ description: 'false: it only reads, consent `login` is enough where it signs in; default true where a step is no GET' })
    .optional(),
})
export const journeys = z.array(journey).min(1).meta({ description: 'what users do, step by step, with the consent `write` (or `login`)' })
export type Journey = z.output<typeof journey>
export type RequestStep = z.output<typeof requestStep>
export type BrowserStep = z.output<typeof browserStep>
