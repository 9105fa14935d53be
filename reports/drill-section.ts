/** The pages of a report that a person signs after a drill: what was restored, how long it took, what was compared, what that does not prove. */
import type { DrillRecord, RollbackRecord } from '../helpers/drill/record.ts'
import { type Markup, markup } from './markup.ts'
import type { Report } from './report.ts'

const took = (ms: number): string =>
  ms >= 3_600_000
    ? `${(ms / 3_600_000).toFixed(1)} h`
    : ms >= 120_000
      ? `${(ms / 60_000).toFixed(1)} min`
      : ms >= 1_000
        ? `${(ms / 1_000).toFixed(1)} s`
        : `${ms.toFixed(0)} ms`
const bytes = (count: number): string =>
  count >= 1024 ** 3
    ? `${(count / 1024 ** 3).toFixed(2)} GiB`
    : count >= 1024 ** 2
      ? `${(count / 1024 ** 2).toFixed(1)} MiB`
      : count >= 1024
        ? `${(count / 1024).toFixed(1)} KiB`
        : `${count} B`
const utc = (at: string): string => `${at.slice(0, 19).replace('T', ' ')} UTC`
const BASES = { dump: 'as the dump says', name: 'by its name', mtime: 'by the time of its file' } as const

type Row = readonly string[]
interface Table {
  readonly title: string
  readonly columns: Row
  readonly rows: readonly Row[]
}
const MOST_ROWS = 100

/** Objective, measured, headroom: one line each. */
function objectives({ rto, rpo, recoveryPoint }: DrillRecord): readonly Row[] {
  const minutes = rto.usableMs === undefined ? undefined : rto.usableMs / 60_000 + rto.humanMinutes
  return [
    [
      'time to usable data (RTO)',
      rto.objectiveMinutes === undefined ? 'no objective declared' : `at most ${rto.objectiveMinutes} min`,
      minutes === undefined ? 'not restored whole' : `${minutes.toFixed(2)} min: ${took(rto.usableMs ?? 0)} by machines, ${rto.humanMinutes} min by people`,
      rto.headroom === undefined ? '' : `${rto.headroom.toFixed(1)} times`,
      rto.basis === undefined ? '' : `${rto.basis.kind}: ${rto.basis.why}`,
    ],
    [
      'data that would be lost (RPO)',
      rpo.objectiveHours === undefined ? 'no objective declared' : `at most ${rpo.objectiveHours} h`,
      `${rpo.hours.toFixed(2)} h`,
      rpo.headroom === undefined ? '' : `${rpo.headroom.toFixed(1)} times`,
      `data of ${utc(recoveryPoint.at)}, ${BASES[recoveryPoint.basis]}`,
    ],
  ]
}

function tablesOf(drill: DrillRecord): readonly Table[] {
  const rows = drill.databases.flatMap(({ label, tables }) =>
    tables.map(({ name, expected, rows: held }) => [
      label,
      name,
      expected === undefined ? 'not told' : String(expected),
      held === undefined ? 'no such table' : String(held),
    ]),
  )
  return [
    { title: 'Objectives', columns: ['what', 'objective', 'measured', 'headroom', 'basis'], rows: objectives(drill) },
    {
      title: 'Artifacts',
      columns: ['part', 'file', 'format', 'size', 'SHA-256'],
      rows: drill.artifacts.map((one) => [one.role, one.name, one.format, bytes(one.bytes), one.sha256]),
    },
    {
      title: 'Restored into',
      columns: ['artifact', 'server', 'how', 'size', 'took'],
      rows: drill.databases.map((one) => [
        one.label,
        `${one.kind} ${one.version}`,
        one.image === undefined ? one.engine : `${one.engine}: ${one.image}`,
        `${bytes(one.bytes)}, ${bytes(one.decodedBytes)} decoded`,
        took(one.restoreMs),
      ]),
    },
    {
      title: 'Phases',
      columns: ['phase', 'of', 'began after', 'took'],
      rows: drill.phases.map(({ name, detail, startMs, endMs, done }) => [name, detail, took(startMs), `${took(endMs - startMs)}${done ? '' : ', not done'}`]),
    },
    { title: 'Rows', columns: ['artifact', 'table', 'in the artifact', 'restored'], rows },
    {
      title: 'Files that rows name',
      columns: ['column', 'from', 'rows', 'looked for', 'lost'],
      rows: drill.files.map((one) => [one.name, one.from, String(one.rows), String(one.sampled), String(one.lost)]),
    },
    {
      title: 'Earlier drills',
      columns: ['when', 'time to usable data', 'basis', 'data that would have been lost'],
      rows: drill.earlier.map((one) => [
        utc(one.startedAt),
        one.usableMs === undefined ? 'not restored whole' : `${(one.usableMs / 60_000 + one.humanMinutes).toFixed(2)} min`,
        one.basis ?? '',
        `${one.rpoHours.toFixed(1)} h`,
      ]),
    },
  ].filter((table) => table.rows.length > 0)
}
function rollbackTables(one: RollbackRecord): readonly Table[] {
  const gap = (ms: number | undefined): string => (ms === undefined ? 'not told' : took(ms))
  return [
    {
      title: 'Times',
      columns: ['part', 'took', 'longest time without a right answer'],
      rows: [
        ['deployment', took(one.deployMs), gap(one.deployGapMs)],
        ['rollback', `${took(one.rollbackMs)} of ${one.limitSeconds} s allowed`, gap(one.rollbackGapMs)],
      ],
    },
    {
      title: 'Steps',
      columns: ['part', 'step', 'began after', 'took', 'result'],
      rows: one.steps.map((step) => [step.part, step.name, took(step.startMs), took(step.endMs - step.startMs), step.received]),
    },
    { title: 'Proofs', columns: ['part', 'proof', 'held'], rows: one.proofs.map(({ part, name, held }) => [part, name, held ? 'yes' : 'no']) },
  ]
}

interface Chapter {
  readonly id: string
  readonly title: string
  readonly lead: string
  readonly tables: readonly Table[]
  readonly lists: readonly { readonly title: string; readonly items: readonly string[] }[]
}
function chapters(report: Report): readonly Chapter[] {
  return [
    ...(report.drills ?? []).map(
      (drill, index): Chapter => ({
        id: `drill-${index}`,
        title: `Drill of ${drill.entry}`,
        lead: `${utc(drill.startedAt)}, run ${drill.runId}. Recovery point ${utc(drill.recoveryPoint.at)}, ${BASES[drill.recoveryPoint.basis]}. ${drill.cleanup.left.length === 0 ? `All of the ${drill.cleanup.made} things that it made are gone.` : `Still there: ${drill.cleanup.left.join(', ')}.`}`,
        tables: tablesOf(drill),
        lists: [
          { title: 'Not restored', items: drill.notRestored },
          { title: 'What this does not prove', items: drill.notProven },
          { title: 'Removed after earlier drills', items: drill.cleanup.swept },
        ],
      }),
    ),
    ...(report.rollbacks ?? []).map(
      (one, index): Chapter => ({
        id: `rollback-${index}`,
        title: `Rehearsal of the ${one.level} rollback`,
        lead: `${utc(one.startedAt)}, on a copy of what is deployed, by programs of this machine.`,
        tables: rollbackTables(one),
        lists: [
          { title: 'Links that lead out of the folder, not copied', items: one.leftOut },
          {
            title: 'What this does not prove',
            items: [
              'that it goes as fast where the application runs',
              'that programs of the steps reached nothing outside of their folder: nothing takes the network away from them',
            ],
          },
        ],
      }),
    ),
  ]
}

const tableMarkup = ({ title, columns, rows }: Table): Markup =>
  markup`<h3>${title}</h3><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table class="plain facts"><thead><tr>${columns.map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead><tbody>${rows
    .slice(0, MOST_ROWS)
    .map(
      (row) => markup`<tr>${row.map((cell, index) => (index === 0 ? markup`<th scope="row">${cell}</th>` : markup`<td>${cell}</td>`))}</tr>`,
    )}</tbody></table></div>${rows.length > MOST_ROWS ? markup`<p class="dim">${rows.length - MOST_ROWS} more in report.json</p>` : undefined}`

/** For report.html; undefined where nothing was drilled. */
export function drillSections(report: Report): Markup | undefined {
  const all = chapters(report)
  if (all.length === 0) return undefined
  return markup`${all.map(
    ({ id, title, lead, tables, lists }) =>
      markup`<section class="drill" aria-labelledby="${id}"><h2 id="${id}">${title}</h2><p>${lead}</p>${tables.map(tableMarkup)}${lists.map((list) => (list.items.length === 0 ? undefined : markup`<h3>${list.title}</h3><ul>${list.items.map((item) => markup`<li>${item}</li>`)}</ul>`))}</section>`,
  )}`
}

/** For report.md. @param code makes a text harmless @param cell the same within a table */
export function drillLines(report: Report, code: (text: string) => string, cell: (text: string) => string): readonly string[] {
  return chapters(report).flatMap(({ title, lead, tables, lists }) => [
    `## ${code(title)}`,
    '',
    code(lead),
    '',
    ...tables.flatMap((table) => [
      `### ${table.title}`,
      '',
      `| ${table.columns.join(' | ')} |`,
      `|${'---|'.repeat(table.columns.length)}`,
      ...table.rows.slice(0, MOST_ROWS).map((row) => `| ${row.map((text) => (text === '' ? ' ' : cell(text))).join(' | ')} |`),
      ...(table.rows.length > MOST_ROWS ? ['', `${table.rows.length - MOST_ROWS} more in report.json`] : []),
      '',
    ]),
    ...lists.flatMap((list) => (list.items.length === 0 ? [] : [`### ${list.title}`, '', ...list.items.map((item) => `- ${code(item)}`), ''])),
  ])
}
