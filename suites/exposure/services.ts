/** Which service usually listens where, what to say to it so that it shows itself, and what its answer proves. Greetings read, nothing is changed. */

/** What an answer proves: it works for strangers, it is there but asks for a login first, or it is something else. */
export type Access = 'open' | 'guarded'
interface Spoken {
  readonly access: Access
  /** How it was known; nothing of its data. */
  readonly shown: string
}
export interface Service {
  readonly name: string
  readonly ports: readonly number[]
  readonly kind: 'data' | 'admin'
  /** Said after connecting; nothing: it greets by itself. */
  readonly say?: Uint8Array
  /** What its bytes prove; undefined: somebody else. Without it the port cannot be proven (TLS first, no greeting). */
  readonly read?: (bytes: Buffer, text: string) => Spoken | undefined
}

const get = (path: string): Uint8Array =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: postproof\r\nAccept: */*\r\nConnection: close\r\n\r\n`)
const hex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex')
/** An HTTP service: open when a success carries `mark`, guarded when it refuses strangers and `refusal` (or the mark) names it. */
const web =
  (mark: RegExp, shown: string, refusal: RegExp = mark): NonNullable<Service['read']> =>
  (_bytes, text) => {
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0)
    if (status >= 200 && status < 300 && mark.test(text)) return { access: 'open', shown }
    return (status === 401 || status === 403) && refusal.test(text) ? { access: 'guarded', shown: `status ${status} of such a service` } : undefined
  }
/** A body, in chunks or whole, that is this and nothing else: pages of whatever else listens there hold anything. */
const listed = (body: string): RegExp => new RegExp(String.raw`\r\n\r\n(?:[0-9a-f]{1,16}\r\n)?\s{0,20}${body}\s*(?:0\s*)?$`, 'i')
const greets =
  (pattern: RegExp, shown: string, access: Access = 'guarded'): NonNullable<Service['read']> =>
  (_bytes, text) =>
    pattern.test(text) ? { access, shown } : undefined

/** A BSON document of one int32, one bool and one string, enough for `{listDatabases: 1, nameOnly: true, $db: "admin"}`. */
function listDatabases(): Uint8Array {
  const element = (type: number, name: string, value: Buffer): Buffer => Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), value])
  const int32 = (value: number): Buffer => {
    const four = Buffer.alloc(4)
    four.writeInt32LE(value)
    return four
  }
  const fields = Buffer.concat([
    element(0x10, 'listDatabases', int32(1)),
    element(0x08, 'nameOnly', Buffer.from([1])),
    element(0x02, '$db', Buffer.concat([int32(6), Buffer.from('admin\0')])),
  ])
  const document = Buffer.concat([int32(fields.length + 5), fields, Buffer.from([0])])
  const body = Buffer.concat([int32(0), Buffer.from([0]), document])
  return Buffer.concat([int32(body.length + 16), int32(1), int32(0), int32(2013), body])
}

export const SERVICES: readonly Service[] = [
  {
    name: 'Redis',
    ports: [6379],
    kind: 'data',
    say: Buffer.from('PING\r\n'),
    read: (_bytes, text) =>
      text.startsWith('+PONG')
        ? { access: 'open', shown: 'PONG without a password' }
        : /^-(?:NOAUTH|DENIED|WRONGPASS|MISCONF|LOADING)/.test(text)
          ? { access: 'guarded', shown: (/^-([A-Z]+)/.exec(text)?.[1] ?? 'a refusal').slice(0, 20) }
          : undefined,
  },
  {
    name: 'PostgreSQL',
    ports: [5432, 5433, 6432],
    kind: 'data',
    // SSLRequest: length 8, code 80877103 (PostgreSQL protocol §54.2.10); answered by one byte.
    say: hex('00000008 04d2162f'),
    read: (bytes, text) =>
      bytes.length <= 2 && /^[SN]/.test(text)
        ? { access: 'guarded', shown: `${text[0]} to SSLRequest` }
        : bytes[0] === 0x45 && bytes.length > 8 && /^E[\s\S]{4}S?[\s\S]*(?:FATAL|ERROR)/.test(text)
          ? { access: 'guarded', shown: 'an error message of its protocol' }
          : undefined,
  },
  {
    name: 'MySQL or MariaDB',
    ports: [3306],
    kind: 'data',
    read: (bytes, text) =>
      bytes.length > 5 &&
      bytes[3] === 0 &&
      (bytes[4] === 0x0a || (bytes[4] === 0xff && /not allowed to connect|Too many connections|blocked because/.test(text)))
        ? { access: 'guarded', shown: 'its greeting' }
        : undefined,
  },
  {
    name: 'MongoDB',
    ports: [27017],
    kind: 'data',
    say: listDatabases(),
    read: (bytes, text) => {
      if (bytes.length < 21 || ![1, 2013].includes(bytes.readInt32LE(12))) return undefined
      if (/\x04databases\0/.test(text)) return { access: 'open', shown: 'its list of databases' }
      return /\x02errmsg\0|\x01ok\0/.test(text) ? { access: 'guarded', shown: 'a refusal to list databases' } : undefined
    },
  },
  {
    name: 'Elasticsearch',
    ports: [9200],
    kind: 'data',
    say: get('/'),
    read: web(/"tagline"\s*:\s*"(?:You Know, for Search|The OpenSearch Project)/, 'its tagline', /security_exception|WWW-Authenticate: (?:Basic|ApiKey)/i),
  },
  { name: 'Memcached', ports: [11211], kind: 'data', say: Buffer.from('version\r\n'), read: greets(/^VERSION \S+\r\n/, 'its version', 'open') },
  {
    name: 'CouchDB',
    ports: [5984],
    kind: 'data',
    say: get('/_all_dbs'),
    read: web(listed(String.raw`\[(?:"[a-z0-9_$()+/-]*",?)*(?:\]|"?[a-z0-9_$()+/-]*$)`), 'its list of databases', /CouchDB/i),
  },
  {
    name: 'SQL Server',
    ports: [1433],
    kind: 'data',
    say: hex('1201002f00000100 00001a0006 010020 0001 02 0021 0001 03 0022 0004 04 0026 0001 ff 0000000000 00 02 00 00000000 00'),
    read: (bytes) =>
      bytes.length >= 8 && bytes[0] === 0x04 && bytes[1] === 1 && bytes.readUInt16BE(2) === bytes.length
        ? { access: 'guarded', shown: 'its answer to PRELOGIN' }
        : undefined,
  },
  {
    name: 'Cassandra',
    ports: [9042],
    kind: 'data',
    say: hex('04 00 0000 05 00000000'),
    read: (bytes, text) =>
      bytes.length >= 9 && (bytes[0] ?? 0) >= 0x81 && (bytes[0] ?? 0) <= 0x85 && (bytes[4] === 6 || bytes[4] === 0) && /CQL_VERSION|version/i.test(text)
        ? { access: 'guarded', shown: 'its answer to OPTIONS' }
        : undefined,
  },
  { name: 'etcd', ports: [2379], kind: 'data', say: get('/version'), read: web(/"etcdserver"\s*:/, 'its version') },
  {
    name: 'ClickHouse',
    ports: [8123],
    kind: 'data',
    say: get('/?query=SELECT%20%27postproof%27'),
    read: web(listed('postproof'), 'the answer to a query', /X-ClickHouse|Authentication failed/i),
  },
  {
    name: 'AMQP broker',
    ports: [5672],
    kind: 'data',
    say: hex('414d5150 00000901'),
    read: (bytes) =>
      bytes.length > 11 && bytes[0] === 1 && bytes.readUInt32BE(7) === 0x000a000a ? { access: 'guarded', shown: 'Connection.Start' } : undefined,
  },
  {
    name: 'RabbitMQ management',
    ports: [15672],
    kind: 'data',
    say: get('/api/overview'),
    read: web(/"rabbitmq_version"/, 'its overview', /RabbitMQ Management|not_authorised/i),
  },
  {
    name: 'NATS',
    ports: [4222],
    kind: 'data',
    read: (_bytes, text) =>
      text.startsWith('INFO {') ? { access: /"auth_required"\s*:\s*true/.test(text) ? 'guarded' : 'open', shown: 'its INFO line' } : undefined,
  },
  {
    name: 'Qdrant',
    ports: [6333],
    kind: 'data',
    say: get('/collections'),
    read: web(/"collections"\s*:/, 'its list of collections', /qdrant|api-key|Must provide an API key/i),
  },
  {
    name: 'InfluxDB',
    ports: [8086],
    kind: 'data',
    say: get('/ping'),
    read: (_bytes, text) =>
      /^HTTP\/1\.[01] 20[04][\s\S]*\r\nX-Influxdb-Version:/i.test(text) ? { access: 'guarded', shown: 'its version header' } : undefined,
  },
  { name: 'ChromaDB', ports: [8000], kind: 'data', say: get('/api/v2/heartbeat'), read: web(/"nanosecond heartbeat"/, 'its heartbeat') },
  { name: 'Loki', ports: [3100], kind: 'data', say: get('/loki/api/v1/labels'), read: web(/"status"\s*:\s*"success"/, 'its list of labels') },
  { name: 'Docker Engine', ports: [2375], kind: 'admin', say: get('/version'), read: web(/"ApiVersion"\s*:/, 'its version') },
  { name: 'Kubernetes proxy', ports: [8001], kind: 'admin', say: get('/version'), read: web(/"gitVersion"\s*:/, 'its version') },
  { name: 'Docker Engine over TLS', ports: [2376], kind: 'admin' },
  { name: 'Kubernetes', ports: [6443, 10250], kind: 'admin' },
  {
    name: 'Telnet',
    ports: [23],
    kind: 'admin',
    read: (bytes, text) =>
      (bytes[0] === 0xff && (bytes[1] ?? 0) >= 0xfb) || /login:/i.test(text) ? { access: 'guarded', shown: 'its negotiation' } : undefined,
  },
  {
    name: 'Remote Desktop',
    ports: [3389],
    kind: 'admin',
    say: hex('0300 0013 0e e0 0000 0000 00 01 00 0800 03000000'),
    read: (bytes) =>
      bytes.length >= 11 && bytes[0] === 3 && bytes[1] === 0 && bytes[5] === 0xd0 ? { access: 'guarded', shown: 'its connection confirm' } : undefined,
  },
  { name: 'VNC', ports: [5900], kind: 'admin', read: greets(/^RFB \d{3}\.\d{3}\n/, 'its version line') },
  { name: 'file sharing (SMB)', ports: [445], kind: 'admin' },
  { name: 'rsync', ports: [873], kind: 'admin', read: greets(/^@RSYNCD: \d/, 'its greeting') },
  { name: 'portmapper', ports: [111], kind: 'admin' },
  { name: 'NFS', ports: [2049], kind: 'admin' },
  {
    name: 'Consul',
    ports: [8500],
    kind: 'admin',
    say: get('/v1/status/leader'),
    read: web(listed(String.raw`"(?:[\w.:[\]-]+:\d+)?"`), 'its leader', /consul|ACL|Permission denied/i),
  },
  {
    name: 'Vault',
    ports: [8200],
    kind: 'admin',
    say: get('/v1/sys/seal-status'),
    read: (_bytes, text) => (/^HTTP\/1\.[01] \d{3}[\s\S]*"sealed"\s*:/.test(text) ? { access: 'guarded', shown: 'its seal status' } : undefined),
  },
  {
    name: 'Android debug bridge',
    ports: [5555],
    kind: 'admin',
    say: Buffer.concat([Buffer.from('CNXN'), hex('00000001 00001000 07000000 32020000'), hex('bcb1a7b1'), Buffer.from('host::\0')]),
    read: (_bytes, text) =>
      text.startsWith('CNXN')
        ? { access: 'open', shown: 'a connection' }
        : /^(?:AUTH|STLS)/.test(text)
          ? { access: 'guarded', shown: 'a demand for a key' }
          : undefined,
  },
  { name: 'Node inspector', ports: [9229], kind: 'admin', say: get('/json/list'), read: web(/"webSocketDebuggerUrl"\s*:/, 'its list of sessions') },
  {
    name: 'Prometheus',
    ports: [9090],
    kind: 'admin',
    say: get('/api/v1/status/buildinfo'),
    read: web(/"status"\s*:\s*"success"[\s\S]{0,2000}"goVersion"/, 'its build'),
  },
  { name: 'Alertmanager', ports: [9093], kind: 'admin', say: get('/api/v2/status'), read: web(/"versionInfo"\s*:/, 'its status') },
  { name: 'exporter of metrics', ports: [9100, 9121, 9187], kind: 'admin', say: get('/metrics'), read: web(/^# (?:TYPE|HELP) /m, 'its metrics') },
  {
    name: 'mail catcher',
    ports: [8025],
    kind: 'admin',
    say: get('/api/v2/messages?limit=1'),
    read: web(/"total"\s*:\s*\d|"messages"\s*:\s*\[/, 'its list of messages'),
  },
  {
    name: 'Portainer',
    ports: [9000, 9443],
    kind: 'admin',
    say: get('/api/status'),
    read: (_bytes, text) => (/^HTTP\/1\.[01] 200[\s\S]*"InstanceID"\s*:/.test(text) ? { access: 'guarded', shown: 'its status' } : undefined),
  },
  {
    name: 'Grafana',
    ports: [3001],
    kind: 'admin',
    say: get('/api/health'),
    read: (_bytes, text) => (/^HTTP\/1\.[01] 200[\s\S]*"database"\s*:\s*"ok"/.test(text) ? { access: 'guarded', shown: 'its health' } : undefined),
  },
]

export const serviceAt = (port: number): Service | undefined => SERVICES.find((service) => service.ports.includes(port))

/** Which protocol a stranger on the port speaks, for evidence: names only. */
export function protocolOf(banner: Uint8Array | undefined): string {
  if (banner === undefined || banner.length === 0) return 'says nothing'
  const text = Buffer.from(banner).toString('latin1')
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
  if (status !== undefined) return `speaks HTTP (status ${status})`
  if (text.startsWith('SSH-')) return 'speaks SSH'
  if (/^220[ -].*(?:SMTP|ESMTP)/i.test(text)) return 'speaks SMTP'
  if (/^220[ -]/.test(text)) return 'speaks FTP or SMTP'
  if (banner[0] === 0x15 && banner[1] === 3) return 'speaks TLS'
  return `says ${banner.length} bytes`
}
