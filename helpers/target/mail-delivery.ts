/** `mail.delivery` and `mail.sinks`: mail that the deployment is made to send, where it must arrive, and where it must never turn up. */
import { z } from 'zod'
import { hostName, port, stated, status, text, webUrl } from './words.ts'

/** What is no name of an entry is told without being repeated (problems.ts): it may be the secret itself. */
const secretName = z.string().min(1).meta({ description: 'name of an entry of secrets; never the value' })
const address = z
  .string()
  .regex(/^[^\s@<>,;"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a mail address; {token} may stand in it')
  .meta({ description: 'a mail address' })
const security = z.enum(['tls', 'starttls', 'none'])

const request = z.strictObject({
  url: webUrl.meta({ description: '{domain} is replaced by the domain' }),
  method: z.enum(['POST', 'PUT', 'PATCH', 'GET']).meta({ description: 'default POST' }).optional(),
  headers: z.record(z.string(), z.string()).meta({ description: 'further request headers; {secret:NAME} is replaced' }).optional(),
  json: z.record(z.string(), z.unknown()).meta({ description: 'body as JSON; {address}, {token} and {secret:NAME} are replaced in its texts' }).optional(),
  form: z.record(z.string(), z.string()).meta({ description: 'body as a form; {address}, {token} and {secret:NAME} are replaced' }).optional(),
  status: status.meta({ description: 'answers that mean that it was taken; default every 2xx and 3xx' }).optional(),
})

const submission = z.strictObject({
  host: text('server that takes the mail'),
  port: port.meta({ description: 'logical port; default 465 with tls, else 587' }).optional(),
  security: security.meta({ description: 'tls from the first byte, starttls demanded, or none; default starttls' }).optional(),
  user: text('user that signs in').optional(),
  password: secretName.optional(),
  from: address.meta({ description: 'address in From and of the envelope' }),
  subject: text('subject; {token} is replaced').optional(),
  text: text('body; {token} is replaced').optional(),
})

const inbox = z
  .strictObject({
    receive: z
      .strictObject({
        port: port.meta({ description: 'port that postproof itself listens on for SMTP while it waits' }),
        address: text('address it listens on; default 127.0.0.1').optional(),
        name: text('name it greets with; default the host part of the address').optional(),
      })
      .meta({ description: 'postproof itself receives it by SMTP' })
      .optional(),
    imap: z
      .strictObject({
        host: text('IMAP server'),
        port: port.meta({ description: 'logical port; default 993 with tls, else 143' }).optional(),
        security: security.meta({ description: 'default tls' }).optional(),
        user: text('user that signs in'),
        password: secretName,
        folders: z.array(z.string().min(1)).min(1).meta({ description: 'folders to look in; default INBOX and the one for junk' }).optional(),
      })
      .meta({ description: 'a mailbox that is read' })
      .optional(),
    api: z
      .strictObject({
        product: z.enum(['mailpit', 'mailhog', 'maildev']).meta({ description: 'what it is' }),
        url: webUrl.meta({ description: 'where its web page is' }),
        user: text('user that signs in').optional(),
        password: secretName.optional(),
      })
      .meta({ description: 'a mail catcher of a staging system' })
      .optional(),
    authserv: text('name that the receiving server signs its Authentication-Results with; others are not believed').optional(),
  })
  .refine((one) => [one.receive, one.imap, one.api].filter((kind) => kind !== undefined).length === 1, 'exactly one of receive, imap and api')

const link = z.strictObject({
  host: hostName.meta({ description: 'host that it must lead to: a name below the domain, or a name in full; default any host of the target' }).optional(),
  path: text('text that its path contains; tells it from other links').optional(),
  status: status.meta({ description: 'answers of the opened link that are right; default 200' }).optional(),
  marker: text('text that the opened page contains').optional(),
  use: z
    .strictObject({
      url: webUrl,
      method: z.enum(['POST', 'PUT', 'PATCH']).meta({ description: 'default POST' }).optional(),
      json: z.record(z.string(), z.unknown()).meta({ description: 'body as JSON' }).optional(),
      form: z.record(z.string(), z.string()).meta({ description: 'body as a form' }).optional(),
      status: status.meta({ description: 'answers that mean that it worked; default every 2xx and 3xx' }).optional(),
    })
    .meta({ description: 'request that spends the link; {link.token} is the value in it. Needs the consent `write`' })
    .optional(),
  parameter: text('name of the query parameter that holds the value; default the one that is called so, the only one, or the last part of the path').optional(),
  singleUse: z.boolean().meta({ description: 'the second use must be refused; without `use` it is opened twice' }).optional(),
  expires: z
    .strictObject({
      withinHours: z.number().positive().meta({ description: 'longest validity; read from the value where it is a JWT' }).optional(),
      says: text('what the mail says about it').optional(),
    })
    .refine(stated, 'an empty expectation would accept anything')
    .meta({ description: 'how long the link may work' })
    .optional(),
})

const expectation = z.strictObject({
  subject: text('text that the subject contains').optional(),
  from: address.meta({ description: 'address in From' }).optional(),
  replyTo: address.optional(),
  envelopeFrom: text('domain of the envelope sender; default that of From').optional(),
  contains: z.array(z.string().min(1)).min(1).meta({ description: 'texts that the body contains' }).optional(),
  html: z.boolean().meta({ description: 'there must be an HTML part beside the text' }).optional(),
  attachments: z
    .union([z.literal('none'), z.array(z.string().min(1)).min(1)])
    .meta({ description: 'none (default), or the names of the files' })
    .optional(),
  link: link.meta({ description: 'the link that the mail is about' }).optional(),
  internal: z.array(z.string()).meta({ description: 'further names that no link may lead to, such as a staging host' }).optional(),
})

const delivery = z.strictObject({
  name: text('what sends: application, newsletter, system'),
  kind: z.enum(['transactional', 'newsletter', 'system']).meta({ description: 'newsletters must be easy to leave; default transactional' }).optional(),
  to: address.meta({ description: 'where it goes; {token} becomes a mark of this run: probe+{token}@example.net' }),
  trigger: z
    .strictObject({
      requests: z.array(request).min(1).max(5).meta({ description: 'requests that make the application send, in order; the last one counts' }).optional(),
      submission: submission.meta({ description: 'sent by postproof itself, with the access of a sender' }).optional(),
    })
    .refine((one) => (one.requests === undefined) !== (one.submission === undefined), 'exactly one of requests and submission')
    .meta({ description: 'what makes it be sent' }),
  inbox: inbox.meta({ description: 'where it must arrive: received by postproof itself, read by IMAP, or by the API of a catcher' }),
  withinSeconds: z.number().positive().max(3600).meta({ description: 'when it must have arrived; default 120' }).optional(),
  waitSeconds: z.number().positive().max(7200).meta({ description: 'how long is waited before it counts as lost; default half as long again' }).optional(),
  settleSeconds: z.number().min(0).max(60).meta({ description: 'how long is looked for a second copy; default 5' }).optional(),
  expect: expectation.meta({ description: 'what the mail must be like' }).optional(),
})

export const mailDelivery = z
  .array(delivery)
  .min(1)
  .superRefine((all, context) => {
    all.forEach((one, index) => {
      if (all.findIndex(({ name }) => name === one.name) !== index)
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `two deliveries are named ${one.name}` })
      const sent = JSON.stringify([one.to, one.trigger])
      if (!sent.includes('{token}'))
        context.addIssue({
          code: 'custom',
          path: [index, 'to'],
          message: 'nothing carries {token}: the mail could not be told from others. Put it into the address (probe+{token}@…) or into the request',
        })
      if (one.trigger.requests !== undefined && !JSON.stringify(one.trigger.requests).includes('{address}') && one.to.includes('{token}'))
        context.addIssue({ code: 'custom', path: [index, 'trigger', 'requests'], message: 'no request carries {address}, so nothing would go there' })
      if (one.waitSeconds !== undefined && one.waitSeconds < (one.withinSeconds ?? 120))
        context.addIssue({ code: 'custom', path: [index, 'waitSeconds'], message: 'waitSeconds is shorter than withinSeconds' })
      const { submission: own } = one.trigger
      if (own?.security === 'none' && own.password !== undefined)
        context.addIssue({ code: 'custom', path: [index, 'trigger', 'submission', 'security'], message: 'without TLS the password would go in plain text' })
      if (one.inbox.imap?.security === 'none')
        context.addIssue({ code: 'custom', path: [index, 'inbox', 'imap', 'security'], message: 'without TLS the password would go in plain text' })
      if (one.trigger.submission !== undefined && (one.trigger.submission.user === undefined) !== (one.trigger.submission.password === undefined))
        context.addIssue({ code: 'custom', path: [index, 'trigger', 'submission'], message: 'user and password go together' })
    })
  })
  .meta({ description: 'mail that is made to be sent, with the consent `mail`, each judged from trigger to arrival' })

export const mailSinks = z
  .array(
    z.strictObject({
      product: z.enum(['mailpit', 'mailhog', 'maildev']).meta({ description: 'what it is' }),
      url: webUrl.meta({ description: 'where its web page is; {domain} is replaced by the domain' }),
      user: text('user that signs in').optional(),
      password: secretName.optional(),
    }),
  )
  .min(1)
  .meta({ description: 'mail catchers that must not get what this deployment sends' })

export type MailDelivery = z.output<typeof delivery>
export type MailSink = z.output<typeof mailSinks>[number]
export type MailLink = z.output<typeof link>
