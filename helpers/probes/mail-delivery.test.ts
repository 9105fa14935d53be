/** Deliveries that go wrong in every way: bounded, told as what they are, and nothing touched that is not ours. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import { afterEach, expect, test } from 'vitest'
import { changeDelivery, mailDeliveryStage, type MailWorld } from '../../fixtures/stages/mail-delivery.ts'
import { startWorld } from '../../fixtures/world.ts'
import { Observer } from '../observer.ts'
import type { Target } from '../target.ts'
import type { MailDelivery } from '../target/mail-delivery.ts'
import { look, valueOf } from '../testing/look.ts'
import { type DeliveryObservation, mailDelivery } from './mail-delivery.ts'
import { mailSinkLook } from './mail-sinks.ts'

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one()
})

async function running(change: (world: MailWorld) => void = () => {}): Promise<{ readonly target: Target; readonly world: MailWorld }> {
  const world = await mailDeliveryStage.world()
  change(world)
  const started = await startWorld(world)
  undo.push(() => started.stop())
  return { target: started.target, world }
}
const named = (target: Target, name: string): MailDelivery => {
  const one = target.file.mail?.delivery?.find((entry) => entry.name === name)
  if (one === undefined) throw new Error(`no delivery ${name}`)
  return one
}
const seenOf = async (target: Target, name: string): Promise<DeliveryObservation> => valueOf((await look(target, mailDelivery(named(target, name))))[0])
/** What becomes of a letter that another says to the built-in inbox while it listens. */
const whileWaiting = (world: MailWorld, act: (port: number) => Promise<unknown>): void => {
  world.senders.application.dispatch = () => act(world.ports.application)
}
const short = (world: MailWorld, name: string, within = 0.5): void =>
  changeDelivery(world, name, (one) => ({ ...one, withinSeconds: within, waitSeconds: within + 0.1 }))

test('without consent nothing is sent', async () => {
  let sent = 0
  const { target } = await running((world) => {
    world.target = { ...world.target, allow: [] }
    world.senders.application.dispatch = () => Promise.resolve((sent += 1))
  })
  const [seen] = await look(target, mailDelivery(named(target, 'application')))
  expect(seen).toMatchObject({ ok: false, failure: { code: 'NOT_AUTHORISED' } })
  expect(sent).toBe(0)
})

test('the mark is new every time, and in no key', async () => {
  const { target } = await running()
  const [first, second] = [await seenOf(target, 'application'), await seenOf(target, 'application')]
  expect(first.mark).toMatch(/^pp[0-9a-f]{14}$/)
  expect(first.mark).not.toBe(second.mark)
  expect(mailDelivery(named(target, 'application')).key).toBe('mailDelivery application')
})

test('an interrupt ends the waiting at once, and nobody listens any more', async () => {
  const { target, world } = await running((made) => {
    made.senders.application.dispatch = () => Promise.resolve()
  })
  const observer = new Observer(target)
  const observed = observer.observe(mailDelivery(named(target, 'application')))
  await new Promise((resolve) => setTimeout(resolve, 300))
  const start = performance.now()
  observer.abort('interrupted')
  expect(await observed).toMatchObject({ ok: false, failure: { code: 'ABORTED' } })
  expect(performance.now() - start).toBeLessThan(200)
  await observer.close()
  await expect
    .poll(
      () =>
        new Promise((resolve) => {
          const socket = connect(world.ports.application, '127.0.0.1')
          socket.once('connect', () => (socket.destroy(), resolve('open')))
          socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        }),
      { timeout: 3_000 },
    )
    .toBe('ECONNREFUSED')
})

test('the built-in inbox takes mail for its own address and nobody else, and keeps a sender no longer than it has to', async () => {
  const replies: unknown[] = []
  const { target } = await running((world) => {
    short(world, 'application', 1)
    whileWaiting(world, async (port) => {
      const transport = createTransport({ host: '127.0.0.1', port, tls: { rejectUnauthorized: false } })
      await transport
        .sendMail({ from: 'a@example.com', to: 'somebody@elsewhere.example', text: 'relay me' })
        .catch((error: { responseCode?: number }) => replies.push(error.responseCode))
      transport.close()
    })
  })
  expect(await seenOf(target, 'application')).toMatchObject({ state: 'missing', count: 0 })
  expect(replies).toEqual([550])
})

/** Says a letter of so many bytes, a piece at a time. */
const pouring = (port: number, to: string, bytes: number): Promise<string> =>
  new Promise((resolve) => {
    const lines = ['EHLO mail.example.com', 'MAIL FROM:<a@example.com>', `RCPT TO:<${to}>`, 'DATA']
    const piece = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(64))
    let left = bytes
    let last = ''
    const socket = connect(port, '127.0.0.1')
    const pour = (): void => {
      while (left > 0) {
        left -= piece.length
        if (!socket.write(piece)) {
          socket.once('drain', pour)
          return
        }
      }
      socket.write('.\r\n')
    }
    socket.on('error', () => {})
    socket.on('close', () => resolve(last))
    socket.on('data', (reply) => {
      last = reply.toString('latin1')
      if (!/^\d{3} /m.test(last)) return
      const next = lines.shift()
      if (next !== undefined) socket.write(`${next}\r\n`)
      else if (last.startsWith('354')) pour()
      else socket.end('QUIT\r\n')
    })
  })
test('fifty megabytes are refused', async () => {
  const { target } = await running((world) => {
    short(world, 'application', 4)
    world.senders.application.dispatch = (message) =>
      pouring(world.ports.application, /^To: (.*)$/m.exec(message.toString('latin1'))?.[1]?.trim() ?? '', 50_000_000)
  })
  const seen = await seenOf(target, 'application')
  expect(seen).toMatchObject({ state: 'missing', mishaps: [{ kind: 'too-large' }] })
  expect(seen.mishaps[0]?.detail).toMatch(/^5\d{7} bytes/)
}, 30_000)

test('a server that hangs up after the letter: it is not sent again, but waited for', async () => {
  const lost = await running((world) => {
    short(world, 'system')
    world.submission.afterData = 'hang-up'
    world.senders.system.dispatch = () => Promise.resolve()
  })
  expect(await seenOf(lost.target, 'system')).toMatchObject({
    state: 'missing',
    trigger: { taken: true, code: 0, reply: expect.stringContaining('before the letter was confirmed') },
  })
  const taken = await running((world) => {
    world.submission.afterData = 'hang-up'
  })
  expect(await seenOf(taken.target, 'system')).toMatchObject({ state: 'arrived', count: 1 })
}, 30_000)

test('greylisting is waited out, as often as there is time; the letter is sent once', async () => {
  const { target } = await running((world) => {
    changeDelivery(world, 'system', (one) => ({ ...one, withinSeconds: 4 }))
    world.submission.recipient = (_to, tries) => (tries < 2 ? '450 4.2.0 Greylisted, try again' : undefined)
  })
  expect(await seenOf(target, 'system')).toMatchObject({ state: 'arrived', count: 1, trigger: { deferred: 2 } })
  const never = await running((world) => {
    short(world, 'system', 1)
    world.submission.recipient = () => '451 4.7.1 Try again later'
  })
  expect(await seenOf(never.target, 'system')).toMatchObject({ state: 'untriggered', trigger: { code: 451, taken: false } })
}, 30_000)

test('a wrong password is refused and told; the value is in nothing that was seen', async () => {
  const { target } = await running((world) => {
    world.secrets = { ...world.secrets, submission: 'a-wrong-password-9' }
  })
  const seen = await seenOf(target, 'system')
  expect(seen).toMatchObject({ state: 'untriggered', trigger: { code: 535, taken: false } })
  expect(JSON.stringify(seen)).not.toMatch(/a-wrong-password-9|YS13cm9uZy1wYXNzd29yZC05/)
})

test('a server whose certificate is of another name gets neither password nor letter', async () => {
  const { target, world } = await running((made) => {
    short(made, 'system', 1)
    changeDelivery(made, 'system', (one) => ({
      ...one,
      trigger: { submission: { host: 'other.example.com', user: 'system@example.com', password: 'submission', from: 'system@example.com' } },
    }))
  })
  const seen = await seenOf(target, 'system')
  expect(seen).toMatchObject({ state: 'untriggered', failure: { message: expect.stringMatching(/altname|certificate/i) } })
  expect(world.inbox).toEqual([])
})

const speaking = async (say: (socket: Socket) => void): Promise<number> => {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    say(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}
test.each<[string, (socket: Socket) => void]>([
  ['hangs up at once', (socket) => socket.destroy()],
  ['speaks something else', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['refuses with 421', (socket) => socket.end('421 4.3.2 Not now\r\n')],
])(
  'a submission server that %s',
  async (_name, say) => {
    const port = await speaking(say)
    const { target } = await running((world) => {
      short(world, 'system', 1)
      world.services?.push({ start: () => Promise.resolve({ ports: { 587: port }, stop: () => Promise.resolve() }) })
    })
    const seen = await seenOf(target, 'system')
    expect(seen.state).toBe('untriggered')
    expect(seen.mails).toEqual([])
  },
  30_000,
)

test.each<[string, MailWorld['inboxAnswer'], string]>([
  ['a page', { status: 200, headers: [['Content-Type', 'text/html']], body: '<!doctype html><title>Sign in</title>' }, 'NOT_JSON'],
  ['JSON of something else', { status: 200, body: '{"status":"ok"}' }, 'NOT_JSON'],
  ['a login', { status: 401, body: '' }, 'LOGIN_REFUSED'],
  ['an error', { status: 500, body: '' }, 'HTTP_500'],
])('an inbox that answers with %s: nothing is sent', async (_name, answer, code) => {
  let sent = 0
  const { target } = await running((world) => {
    world.inboxAnswer = answer as NonNullable<typeof answer>
    world.senders.system.dispatch = () => Promise.resolve((sent += 1))
  })
  expect(await seenOf(target, 'system')).toMatchObject({ state: 'no-inbox', failure: { code } })
  expect(sent).toBe(0)
})

test.each<[string, MailWorld['sink']['answer'], string]>([
  ['a page', { status: 200, headers: [['Content-Type', 'text/html']], body: '<!doctype html>' }, 'NOT_JSON'],
  ['nothing there', { status: 404, body: '' }, 'HTTP_404'],
  ['a login', { status: 403, body: '' }, 'LOGIN_REFUSED'],
])('a catcher that answers with %s', async (_name, answer, code) => {
  const { target, world } = await running()
  world.sink.answer = answer as NonNullable<typeof answer>
  const [sink] = target.file.mail?.sinks ?? []
  if (sink === undefined) throw new Error('no sink')
  expect(valueOf((await look(target, mailSinkLook(named(target, 'application'), sink)))[0])).toMatchObject({ caught: [], failure: { code } })
})

test('only what has the mark of this run is removed from a catcher', async () => {
  const { target, world } = await running()
  const letter = (id: string, text: string) => ({
    id,
    from: 'a@example.com',
    to: 'ops@probe.example.net',
    message: Buffer.from(`From: a@example.com\r\nSubject: Delivery check\r\n\r\n${text}\r\n`),
  })
  world.inbox.push(letter('older', 'pp00000000000000'), letter('newest', 'no mark at all'))
  expect(await seenOf(target, 'system')).toMatchObject({ state: 'arrived', count: 1, removed: 1 })
  expect(world.inbox.map(({ id }) => id)).toEqual(['older', 'newest'])
})

test.each<[string, (message: string) => string]>([
  ['a malformed MIME structure', (message) => message.replace(/boundary="[^"]+"/, 'boundary="never"')],
  ['no fields that read', (message) => `\u0000\u0001 garbage\r\n${message}`],
  ['a thousand parts', (message) => message + '--x\r\nContent-Type: text/plain\r\n\r\nx\r\n'.repeat(1_000)],
])('%s is read as far as it goes', async (_name, spoil) => {
  const { target } = await running((world) => {
    world.senders.application.after = spoil
  })
  expect(await seenOf(target, 'application')).toMatchObject({ state: 'arrived', count: 1 })
})
