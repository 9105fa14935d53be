/** Reports made by hand for the tests of the formats: one of everything, one whose every text is hostile, one too long to read. */
import type { Report, ReportResult } from '../report.ts'

const at = '2026-03-01T10:00:00.000Z'

const result = (over: Partial<ReportResult>): ReportResult => ({
  check: 'tls/validity',
  suite: 'tls',
  subject: 'api.example.com',
  host: 'api.example.com',
  outcome: 'pass',
  severity: 'high',
  title: 'The certificate is valid now',
  evidence: [{ what: 'notAfter', expected: 'after 2026-03-01', received: '2026-05-01T00:00:00Z', where: 'leaf', at }],
  why: 'Browsers refuse an expired certificate.',
  fix: '',
  source: 'RFC 5280 §4.1.2.5',
  reproduce: 'openssl s_client -connect 127.0.0.1:443 -servername api.example.com </dev/null | openssl x509 -noout -dates',
  requirements: [],
  startedAt: at,
  durationMs: 1.5,
  attempts: 1,
  ...over,
})

/** A picture of every kind, with these words in it. */
const figures = (words: string): NonNullable<ReportResult['figures']> => [
  {
    kind: 'requests',
    title: `login, 5 requests a second with a burst of 4${words}`,
    points: Array.from({ length: 40 }, (_, index) => ({ atMs: index * 50, accepted: index < 5 || index % 4 === 0, label: `${index < 5 ? 200 : 429}${words}` })),
    model: {
      label: `leaky bucket, 5.0/s, burst 4${words}`,
      line: [
        { atMs: 0, total: 5 },
        { atMs: 1_950, total: 14.75 },
      ],
    },
  },
  {
    kind: 'timeline',
    title: `Phases of the drill${words}`,
    spans: [
      { label: `scan${words}`, startMs: 0, endMs: 800, outcome: 'pass', note: `41 MB${words}` },
      { label: 'restore', startMs: 800, endMs: 5_400, outcome: 'fail' },
      { label: 'cleanup', startMs: 5_400, endMs: 5_400, outcome: 'pass' },
    ],
  },
  {
    kind: 'states',
    title: `Session${words}`,
    transitions: [
      { from: 'anonymous', to: `signed in${words}`, label: `login${words}`, outcome: 'pass' },
      { from: `signed in${words}`, to: `signed in${words}`, label: 'refresh', outcome: 'warn', note: `no rotation${words}` },
      { from: `signed in${words}`, to: 'anonymous', label: 'logout', outcome: 'fail' },
    ],
  },
  {
    kind: 'table',
    title: `Authentication of the message${words}`,
    columns: ['method', `result${words}`],
    rows: [
      ['DKIM', `pass${words}`],
      ['SPF', 'softfail'],
    ],
  },
  {
    kind: 'series',
    title: `Time to usable data${words}`,
    unit: `min${words}`,
    points: [4, 4.4, 5.1, 6.3, 11].map((value, index) => ({ label: `2026-0${index + 1}-01T03:00:00.000Z${words}`, value })),
    limit: { label: `objective${words}`, value: 10 },
  },
]

/** A drill and a rehearsal, with these words in every text that a target can choose. */
const drilled = (words: string): Pick<Report, 'drills' | 'rollbacks'> => ({
  drills: [
    {
      entry: 'nightly',
      runId: 'm3k2-0123456789ab',
      startedAt: at,
      recoveryPoint: { at: '2026-03-01T02:30:00.000Z', basis: 'dump' },
      artifacts: [{ role: 'database', name: `shop-20260301-023000.sql.gz${words}`, bytes: 41_943_040, sha256: 'ef'.repeat(32), format: 'pg-plain' }],
      databases: [
        {
          label: `shop-20260301-023000.sql.gz${words}`,
          kind: 'postgres',
          engine: 'docker',
          version: '16.4',
          image: 'postgres:16.4',
          basis: { kind: 'measured', why: `PostgreSQL 16.4 of the image postgres:16.4${words}` },
          bytes: 41_943_040,
          decodedBytes: 209_715_200,
          restoreMs: 61_000,
          tables: [
            { name: `public.users${words}`, expected: 1200, rows: 1200 },
            { name: 'public.orders', expected: 50_000, rows: 50_000 },
          ],
          digests: { plans: '3:77' },
          extensions: { citext: '1.6' },
        },
      ],
      files: [{ name: 'uploads.path', from: `uploads.tar.gz${words}`, rows: 12, sampled: 12, lost: 0 }],
      phases: [
        { name: 'scan', detail: `nightly${words}`, startMs: 0, endMs: 800, done: true },
        { name: 'provision', detail: 'shop', startMs: 800, endMs: 2_800, done: true },
        { name: 'restore', detail: 'shop', startMs: 2_800, endMs: 63_800, done: true },
        { name: 'usable', detail: 'shop', startMs: 63_800, endMs: 63_810, done: true },
        { name: 'cleanup', detail: 'nightly', startMs: 70_000, endMs: 70_400, done: false },
      ],
      rto: { usableMs: 63_010, humanMinutes: 10, objectiveMinutes: 30, headroom: 2.71, basis: { kind: 'measured', why: `the image that runs live${words}` } },
      rpo: { hours: 7.5, objectiveHours: 24, headroom: 3.2 },
      earlier: [{ startedAt: '2026-02-01T10:00:00.000Z', usableMs: 58_000, humanMinutes: 10, basis: 'measured', rpoHours: 7.4 }],
      notProven: [`restore/app-boots: no image of the application is declared${words}`],
      notRestored: [],
      cleanup: { made: 3, left: [], swept: [`drill m3k1 of 2026-02-28${words}`] },
    },
  ],
  rollbacks: [
    {
      level: 'immediate',
      startedAt: at,
      deployMs: 41_000,
      rollbackMs: 12_500,
      limitSeconds: 300,
      deployGapMs: 3_200,
      steps: [
        { part: 'deploy', name: 'backup', startMs: 0, endMs: 20_000, done: true, received: 'exit 0' },
        { part: 'rollback', name: 'restore', startMs: 41_000, endMs: 50_000, done: false, received: `exit 1${words}` },
      ],
      proofs: [{ part: 'rollback', name: 'answers', held: false }],
      leftOut: [`data${words}`],
    },
  ],
})

const RESULTS: readonly ReportResult[] = [
  result({
    outcome: 'fail',
    severity: 'critical',
    code: 'tls.expired',
    title: 'The certificate is not valid now',
    evidence: [{ what: 'notAfter', expected: 'after 2026-03-01', received: '2026-02-01T00:00:00Z', where: 'leaf', at }],
    fix: 'Renew the certificate and reload the server.',
    requirements: ['A14'],
  }),
  result({
    check: 'health/endpoint',
    suite: 'health',
    subject: 'https://api.example.com/health',
    outcome: 'inconclusive',
    code: 'run.unobserved',
    blame: 'unobserved',
    reason: 'the connection was reset',
    because: 'GET https://api.example.com/health',
    evidence: [],
    attempts: 2,
  }),
  result({
    check: 'headers/hsts',
    suite: 'headers',
    subject: 'www.example.com',
    host: 'www.example.com',
    outcome: 'warn',
    severity: 'medium',
    code: 'headers.hsts.short',
  }),
  result({ subject: 'www.example.com', host: 'www.example.com' }),
  result({ check: 'auth/session', suite: 'auth', subject: 'example', outcome: 'fail', severity: 'high', code: 'auth.session', figures: figures('') }),
  result({
    check: 'headers/csp',
    suite: 'headers',
    subject: 'api.example.com',
    outcome: 'skip',
    severity: 'medium',
    skip: 'not-applicable',
    reason: 'no document is served here',
    evidence: [],
  }),
  result({
    check: 'dns/caa',
    suite: 'dns',
    subject: 'example.com',
    outcome: 'fail',
    severity: 'high',
    code: 'dns.caa',
    waiver: { reason: 'the registrar moves on Friday', owner: 'operations', expires: '2026-03-08' },
  }),
]

const counts = (results: readonly ReportResult[]): Report['counts'] => {
  const sum = { pass: 0, warn: 0, fail: 0, inconclusive: 0, skip: 0 }
  for (const one of results) sum[one.outcome] += 1
  return sum
}

/** One verdict of every outcome, a waiver, a requirement, timings, certificates, a drill and a rehearsed rollback. */
export function sampleReport(over: Partial<Report> = {}): Report {
  const results = over.results ?? RESULTS
  return {
    schemaVersion: 1,
    tool: { name: 'postproof', version: '1.2.3', node: '24.0.0' },
    target: {
      name: 'shop',
      domain: 'example.com',
      environment: 'production',
      sha256: 'ab'.repeat(32),
      hosts: ['api.example.com', 'www.example.com'],
      discovered: false,
    },
    startedAt: at,
    finishedAt: '2026-03-01T10:00:02.500Z',
    vantage: { ipv4: true, ipv6: false, clockSkewMs: 12 },
    gate: { passed: false, exitCode: 1, block: 'high', blocking: ['tls/validity api.example.com', 'health/endpoint https://api.example.com/health'] },
    counts: counts(results),
    run: { probes: 12, connections: 5, retries: 1, checks: 5 },
    requirements: [{ id: 'A14', outcome: 'fail', checks: ['tls/validity'] }],
    timings: [
      {
        host: 'api.example.com',
        url: 'https://api.example.com/',
        peer: '127.0.0.1:443',
        dnsMs: 2,
        connectMs: 10,
        tlsMs: 21,
        ttfbMs: 40,
        transferMs: 3,
        totalMs: 76,
        status: 200,
        httpVersion: '1.1',
      },
      {
        host: 'www.example.com',
        url: 'https://www.example.com/',
        peer: '[::1]:443',
        ttfbMs: 12,
        transferMs: 0.5,
        totalMs: 12.5,
        status: 301,
        httpVersion: '2',
      },
    ],
    certificates: [
      {
        host: 'api.example.com',
        subject: 'CN=api.example.com',
        issuer: 'CN=Example CA',
        notBefore: '2025-11-01T00:00:00Z',
        notAfter: '2026-02-01T00:00:00Z',
        chainNotAfter: '2026-02-01T00:00:00Z',
        sha256: 'cd'.repeat(32),
        serialHex: '0a1b',
        protocol: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        alpn: 'h2',
        group: 'X25519',
      },
    ],
    ...drilled(''),
    ...over,
    results,
  }
}

/** What a target could put into a header, a title or a certificate to hurt a reader of the report. */
const HOSTILE: readonly string[] = [
  '<script>window.owned=1</script>',
  '</script><script>window.owned=2</script>',
  '<!--<script>',
  '"><img src=x onerror="window.owned=3">',
  'javascript:window.owned=4',
  ']]><x>&entity;',
  '\u001b[2J\u001b[31mred\u001b]0;title\u0007',
  '\u009b31m',
  '\u202egnp.exe',
  'a\r\nSet-Cookie: b=c',
  'nul\u0000 del\u007f bom\ufeff lone\ud800 half',
  '| pipe `tick` [link](javascript:alert(1)) ![i](x) <b>',
  'back\\slash "quote" new\nline',
  '{{constructor.constructor("window.owned=5")()}}',
  '~~~\n# heading\n- item',
  '𝕳 é 漢字 👩‍👩‍👧',
]

/** Every text that the target could have chosen is hostile. Not cleaned: a format must be safe whatever it is handed. */
export function hostileReport(): Report {
  const base = sampleReport()
  const texts = HOSTILE.join(' ')
  return sampleReport({
    target: { ...base.target, name: texts },
    ...drilled(` ${texts}`),
    gate: { ...base.gate, blocking: [texts], reason: texts },
    requirements: [{ id: texts, outcome: 'fail', checks: [texts] }],
    timings: base.timings.map((timing) => ({ ...timing, url: `https://api.example.com/${texts}` })),
    certificates: base.certificates.map((one) => ({ ...one, issuer: texts, subject: texts, cipher: texts })),
    results: [
      ...HOSTILE.map((text) =>
        result({
          subject: text,
          outcome: 'fail',
          code: 'tls.expired',
          evidence: [{ what: text, expected: text, received: text, where: text }],
          reason: text,
          figures: figures(text),
          reproduce: `curl ${text}`,
        }),
      ),
      result({ outcome: 'skip', skip: 'not-applicable', reason: texts }),
      result({ outcome: 'inconclusive', code: 'run.unobserved', reason: texts, because: texts }),
    ],
  })
}

/** As many verdicts as asked, two thirds of them passing. */
export function longReport(verdicts: number): Report {
  return sampleReport({
    results: Array.from({ length: verdicts }, (_, index) =>
      result({
        subject: `host${index % 1000}.example.com`,
        host: `host${index % 1000}.example.com`,
        check: `tls/check-${index % 40}`,
        outcome: index % 3 === 0 ? 'fail' : 'pass',
        ...(index % 3 === 0 ? { code: 'tls.expired' } : {}),
      }),
    ),
  })
}
