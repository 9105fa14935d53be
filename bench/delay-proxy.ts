/** A TCP relay that holds every byte for a fixed time each way: distance, on loopback. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface DelayProxy {
  readonly port: number
  /** Connections accepted so far. */
  connections(): number
  stop(): Promise<void>
}

function relay(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (chunk) => {
    setTimeout(() => {
      if (!to.destroyed) to.write(chunk)
    }, delayMs)
  })
  from.on('end', () => setTimeout(() => to.end(), delayMs))
  from.on('close', () => setTimeout(() => to.destroy(), delayMs))
  from.on('error', () => to.destroy())
}

/** @param delayMs one way; the handshake of TCP itself is not delayed, so the first byte waits one way more in its place */
export async function delayProxy(to: number, delayMs: number, address = '127.0.0.1'): Promise<DelayProxy> {
  let connections = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1
    const upstream = connect({ port: to, host: address, allowHalfOpen: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('close', () => sockets.delete(socket))
    }
    relay(client, upstream, delayMs)
    relay(upstream, client, delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  return {
    port: (server.address() as { port: number }).port,
    connections: () => connections,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
