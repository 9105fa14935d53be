import { defineCheck, type Subject } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { loadRun } from '../../helpers/probes/load.ts'
import { type Evidence, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { type Budgets, curlUrl, hostOfUrl } from './shared.ts'
import type { Target } from '../../helpers/target.ts'

type Item = NonNullable<Budgets['load']>[number]
const REQUESTS = 1000
const CONCURRENCY = 10

const subjects = (target: Target): readonly Subject[] =>
  (target.file.performance?.load ?? []).map((item) => {
    const name = item.url.replaceAll('{domain}', target.domain)
    return { name, item, ...hostOfUrl(name, target) }
  })

export default defineCheck({
  id: 'performance/load',
  title: 'Under the declared load every request is answered, fast enough, and the target recovers',
  failureTitle: 'Under the declared load requests fail or take too long, or the target does not recover',
  why: 'Numbers of one visitor say nothing about a hundred; and a tool that counts 429s and errors as fast answers says less than nothing.',
  source: 'performance.load of the target; answers other than 2xx and 3xx count as failed',
  severity: 'medium',
  codes: {
    'performance.load.errors': { meaning: 'Requests failed under load.', fix: 'Look for exhausted pools: workers, database connections, file handles.' },
    'performance.load.rate': {
      meaning: 'Fewer answers per second than declared.',
      fix: 'Profile the route; add workers where the processor is idle, capacity where it is not.',
    },
    'performance.load.mean': {
      meaning: 'Under load the mean time is above the declared one.',
      fix: 'Look for queues: requests wait for workers, pools or locks.',
    },
    'performance.load.recovery': {
      meaning: 'After the load a quiet request is still far slower than before it.',
      fix: 'Look for queues that go on, memory that is not given back, connections that stay open.',
    },
  },
  options: { recoveryFactor: 5, recoveryMs: 250 },
  subjects,
  unless: { skip: 'not-declared', reason: 'performance.load is not declared' },
  needs: (subject) => {
    const { requests = REQUESTS, concurrency = CONCURRENCY } = subject.item as Item
    return { run: attempt(loadRun({ url: subject.name, requests, concurrency })) }
  },
  judge: ({ run }, { subject, options }) => {
    if (!run.ok) return inconclusive('unobserved', `${run.failure.message} (${run.failure.code})`)
    const item = subject.item as Item
    const seen = run.value
    const what = `${seen.sent} requests of ${seen.url}, ${item.concurrency ?? CONCURRENCY} at a time`
    const evidence = (expected: string, received: string): Evidence => ({ what, expected, received, where: seen.peer, at: seen.at })
    const statuses = Object.entries(seen.statuses).map(([status, count]) => `${count} with ${status}`)
    const failures = Object.entries(seen.failures).map(([code, count]) => `${count} without an answer (${code})`)
    const shown = [...statuses, ...failures].join(', ')
    if (seen.stopped === 'limited') return inconclusive('unobserved', 'a limiter answered: exempt this machine, or ask for less', evidence('no 429', shown))
    const right = Object.entries(seen.statuses).reduce((sum, [status, count]) => sum + (Number(status) < 400 ? count : 0), 0)
    const findings: Finding[] = [
      right === seen.sent && seen.sent > 0
        ? { grade: 'pass', evidence: evidence('no request fails', shown) }
        : { grade: 'fail', code: 'performance.load.errors', severity: 'high', evidence: evidence('no request fails', shown) },
    ]
    const slow: Finding[] = []
    // Time in which this process was busy is not the target's: without it, answers might have come so much faster.
    const idle = Math.max(0, 1 - seen.busy)
    let ours = true
    if (item.perSecond !== undefined) {
      const told = evidence(`≥ ${item.perSecond} answers per second`, `${seen.perSecond.toFixed(0)} per second`)
      if (seen.perSecond >= item.perSecond) findings.push({ grade: 'pass', evidence: told })
      else {
        slow.push({ grade: 'fail', code: 'performance.load.rate', evidence: told })
        ours &&= seen.perSecond / idle >= item.perSecond
      }
    }
    if (item.meanMs !== undefined) {
      const told = evidence(`mean ≤ ${item.meanMs} ms`, `mean ${seen.meanMs.toFixed(0)} ms, 95th percentile ${seen.p95Ms.toFixed(0)} ms`)
      if (seen.meanMs <= item.meanMs) findings.push({ grade: 'pass', evidence: told })
      else {
        slow.push({ grade: 'fail', code: 'performance.load.mean', evidence: told })
        ours &&= seen.meanMs * idle <= item.meanMs
      }
    }
    const { beforeMs = Number.NaN, afterMs = Number.NaN } = seen
    const most = Math.max(options.recoveryFactor * beforeMs, beforeMs + options.recoveryMs)
    const told = evidence(
      `a quiet request within ${most.toFixed(0)} ms again`,
      `${beforeMs.toFixed(0)} ms before, ${Number.isNaN(afterMs) ? 'no answer' : `${afterMs.toFixed(0)} ms`} after`,
    )
    findings.push(afterMs <= most ? { grade: 'pass', evidence: told } : { grade: 'fail', code: 'performance.load.recovery', evidence: told })
    if (slow.length > 0 && ours && findings.every((finding) => finding.grade === 'pass'))
      return inconclusive(
        'unobserved',
        `this process was busy for ${(seen.busy * 100).toFixed(0)} % of the time, so it may have been the brake itself`,
        slow.map((finding) => finding.evidence),
      )
    return worst([...findings, ...slow])
  },
  reproduce: curlUrl,
  covers: ['A160', 'C77'],
})
