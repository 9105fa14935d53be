/** What cannot be meant in the parts of the target that act: secrets nobody declared, values that nothing captures, expressions that cannot be read. */
import type { TargetFile } from './schema.ts'

type Path = readonly (string | number)[]
type Add = (path: Path, message: string, more?: { readonly key?: string; readonly hint?: string }) => void

/** A name of `secrets`, and where it stands. */
const FROM = /^(?:bearerFrom|from|passwordFrom|expiredTokenFrom)$/
function walk(value: unknown, path: Path, visit: (text: string, path: Path) => void): void {
  if (typeof value === 'string') visit(value, path)
  else if (Array.isArray(value)) value.forEach((item, index) => walk(item, [...path, index], visit))
  else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) walk(item, [...path, key], visit)
}
const regexProblem = (source: string): string | undefined => {
  try {
    return new RegExp(source) instanceof RegExp ? undefined : source
  } catch (error) {
    return (error as Error).message
  }
}

export function actProblems(target: TargetFile, add: Add): void {
  const names = Object.keys(target.secrets ?? {})
  const parts: readonly (readonly [Path, unknown])[] = [
    [['defaultCredentials'], target.defaultCredentials],
    [['uploads'], target.uploads],
    [['journeys'], target.journeys],
    ...Object.entries(target.hosts ?? {}).map(([name, host]) => [['hosts', name, 'live'], host.live] as const),
  ]
  for (const [at, part] of parts)
    walk(part, at, (text, path) => {
      const key = path.at(-1)
      const parent = path.at(-2)
      const used = [...text.matchAll(/\{secret:([A-Za-z0-9_-]+)\}/g)].map((match) => match[1] ?? '')
      for (const name of typeof key === 'string' && FROM.test(key) ? [text, ...used] : used)
        if (!names.includes(name))
          add(path, `secrets has no ${JSON.stringify(name)}`, {
            hint: names.length === 0 ? `declare it in secrets: ${name}: env:NAME` : `declared: ${names.join(', ')}`,
          })
      const isRegex = key === 'bodyRegex' || key === 'tokenRegex' || (key === 'regex' && parent !== 'headers')
      const wrong = isRegex ? regexProblem(text) : undefined
      if (wrong !== undefined) add(path, 'this regular expression cannot be read', { hint: wrong })
    })
  target.defaultCredentials?.services?.forEach(({ login }, index) => {
    if (login !== undefined && login.json !== undefined && login.form !== undefined)
      add(['defaultCredentials', 'services', index, 'login', 'form'], 'a login is sent as `json` or as `form`, not as both', { hint: 'keep one of them' })
  })
  const uploads = new Set<string>()
  target.uploads?.forEach((upload, index) => {
    const at: Path = ['uploads', index]
    if (uploads.has(upload.id)) add([...at, 'id'], `two uploads are named ${upload.id}`)
    uploads.add(upload.id)
    if (upload.idPath === undefined)
      for (const [key, url] of [
        [['download'], upload.download],
        [['delete', 'url'], upload.delete?.url],
      ] as const)
        if (url?.includes('{id}') === true) add([...at, ...key], '{id} needs `idPath`, which says where the answer holds it', { hint: 'idPath: $.id' })
  })
  const journeys = new Set<string>()
  target.journeys?.forEach((journey, index) => {
    const at: Path = ['journeys', index]
    if (journeys.has(journey.id)) add([...at, 'id'], `two journeys are named ${journey.id}`)
    journeys.add(journey.id)
    const captured = new Set(['domain'])
    const steps = [
      ...journey.steps.map((step, place) => [['steps', place] as Path, step] as const),
      ...(journey.cleanUp ?? []).map((step, place) => [['cleanUp', place] as Path, step] as const),
    ]
    for (const [place, step] of steps) {
      const { ...rest } = step
      if ('expect' in rest) delete rest.expect
      walk(rest, [...at, ...place], (text, path) => {
        if (path.includes('capture') || path.at(-1) === 'name') return
        for (const match of text.matchAll(/\{([A-Za-z][A-Za-z0-9_-]*)\}/g)) {
          const name = match[1] ?? ''
          if (!captured.has(name))
            add(path, `nothing before captures {${name}}`, {
              hint:
                captured.size === 1
                  ? 'capture: { name: { json: $.id } } in an earlier step'
                  : `captured so far: ${[...captured].filter((one) => one !== 'domain').join(', ')}`,
            })
        }
      })
      if ('capture' in step) for (const name of Object.keys(step.capture ?? {})) captured.add(name)
    }
  })
}
