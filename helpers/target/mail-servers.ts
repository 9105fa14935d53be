/** `mail.mx`, `mail.submission` and `mail.imap`: the mail servers themselves, as other servers and as mail clients meet them. */
import { z } from 'zod'
import { port, stated, text } from './words.ts'

const serverName = z
  .string()
  .regex(/^(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$/, 'a name in full, such as mail.example.com')
const address = z
  .string()
  .regex(
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/,
    'a mail address, such as app@example.com',
  )

export const mx = z
  .strictObject({
    hosts: z.array(serverName).min(1).meta({ description: 'the mail servers that MX must name, and no others; default whatever it names' }).optional(),
    control: serverName
      .meta({
        description:
          'a mail server of somebody else that answers on port 25: shows that this machine may go out there. Default: none, a silent port 25 proves nothing',
      })
      .optional(),
    foreign: address
      .meta({ description: 'a recipient of another domain for the relay test, to whom nothing is ever sent; default postproof@example.org' })
      .optional(),
    helo: serverName.meta({ description: 'name that postproof greets mail servers with; default postproof.invalid' }).optional(),
    blocklists: z.array(serverName).min(1).meta({ description: 'DNS blocklists to look the servers and senders up in, such as zen.spamhaus.org' }).optional(),
  })
  .meta({ description: 'the servers that take mail for the domains are looked at on port 25; {} takes them from MX. Left out: not looked at' })

export const submission = z
  .array(
    z
      .strictObject({
        host: serverName.meta({ description: 'server that takes mail of those who sign in' }),
        startTls: z
          .union([port, z.literal(false)])
          .meta({ description: 'logical port that begins in plain text; default 587, false where there is none' })
          .optional(),
        tls: z
          .union([port, z.literal(false)])
          .meta({ description: 'logical port that speaks TLS from the first byte, usually 465; default none' })
          .optional(),
        user: text('user that signs in').optional(),
        password: z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'the name of an entry of `secrets`')
          .meta({ description: 'name of an entry of secrets; never the value' })
          .optional(),
        senders: z.array(address).min(1).meta({ description: 'addresses that this user may send as' }).optional(),
        foreignSender: address.meta({ description: 'an address that this user must not send as' }).optional(),
        minSizeBytes: z.int().positive().meta({ description: 'messages of this size must be taken (SIZE)' }).optional(),
      })
      .superRefine((entry, context) => {
        const { user, password, senders, foreignSender, startTls, tls } = entry
        const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
        if (startTls === false && (tls ?? false) === false) issue('startTls', 'a server without any port cannot be looked at')
        if (startTls !== false && tls !== undefined && tls === (startTls ?? 587))
          issue('tls', 'one port cannot both begin in plain text and speak TLS from the first byte')
        if (password !== undefined && user === undefined) issue('password', 'a password without a user cannot sign in')
        if (senders !== undefined && password === undefined) issue('senders', 'who sends must sign in: user and password are missing')
        if (foreignSender !== undefined && password === undefined) issue('foreignSender', 'who sends must sign in: user and password are missing')
        if (foreignSender !== undefined && (senders ?? []).includes(foreignSender)) issue('foreignSender', `${foreignSender} is one of the senders as well`)
      }),
  )
  .min(1)
  .meta({ description: 'servers that programs and people hand their mail to' })

export const imap = z
  .array(
    z
      .strictObject({
        host: serverName.meta({ description: 'server that people read their mail on' }),
        tls: z
          .union([port, z.literal(false)])
          .meta({ description: 'logical port that speaks TLS from the first byte; default 993, false where there is none' })
          .optional(),
        startTls: z
          .union([port, z.literal(false)])
          .meta({ description: 'logical port that begins in plain text, usually 143; default none' })
          .optional(),
      })
      .refine((entry) => entry.tls !== false || (entry.startTls ?? false) !== false, { error: 'a server without any port cannot be looked at', path: ['tls'] }),
  )
  .min(1)
  .meta({ description: 'servers that people read their mail on' })

export const bimi = z
  .strictObject({ selector: text('default "default"').optional(), required: z.boolean().meta({ description: 'true: it must be there' }).optional() })
  .refine(stated, 'say which selector, or that it is required')
  .meta({ description: 'the logo beside mails (BIMI). Left out: not looked at' })
