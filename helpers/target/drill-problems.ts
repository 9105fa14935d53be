/** What cannot be meant in a `drill`: names of nothing, engines that cannot do what is asked of them. */
import type { TargetFile } from './schema.ts'

type Path = readonly (string | number)[]
type Add = (path: Path, message: string, more?: { readonly hint?: string }) => void

export function drillProblems(target: TargetFile, add: Add, secret: (path: Path, name: string | undefined) => void): void {
  target.backups?.forEach(({ files, drill }, index) => {
    if (drill === undefined) return
    const at: Path = ['backups', index, 'drill']
    const roles = [...Object.keys(files), ...Object.values(files).flatMap((file) => (typeof file === 'object' ? Object.keys(file.members ?? {}) : []))]
    const { application, secretsMatch, engine, image, images } = drill
    const database = images?.postgres !== undefined || images?.mysql !== undefined
    if (image !== undefined && database)
      add([...at, 'image'], '`image` and `images` both say what the SQL database is restored into', { hint: 'keep one of them' })
    for (const name of ['image', 'images'] as const)
      if (drill[name] !== undefined && (engine === 'native' || engine === 'embedded'))
        add([...at, name], `the engine ${engine} starts no image`, { hint: 'leave `engine` out, or say docker' })
    if (application !== undefined && (engine === 'native' || engine === 'embedded'))
      add([...at, 'application'], `the application is booted beside a database in a container, and the engine is ${engine}`, {
        hint: 'leave `engine` out, or say docker',
      })
    for (const [name, text] of Object.entries(application?.env ?? {}))
      for (const match of text.matchAll(/\{([^{}\s]*)\}/g)) {
        const [word = '', field] = (match[1] ?? '').split('.')
        const place = [...at, 'application', 'env', name]
        if (word.startsWith('secret:')) secret(place, (match[1] ?? '').slice(7))
        else if (word.startsWith('backup:')) continue
        else if (!roles.includes(word))
          add(place, `the set has no file ${JSON.stringify(word)}`, { hint: `its files: ${roles.join(', ')}; or {secret:name}, {backup:KEY}` })
        else if (!/^(?:url|host|port|user|password|name|path)$/.test(field ?? ''))
          add(place, `{${match[1] ?? ''}} is not known`, { hint: `{${word}.url}, .host, .port, .user, .password, .name; .path of a SQLite file` })
      }
    const ids = new Set<string>()
    application?.smoke?.forEach(({ id }, position) => {
      if (ids.has(id)) add([...at, 'application', 'smoke', position, 'id'], `two pages are named ${id}`)
      ids.add(id)
    })
    secretsMatch?.forEach((one, position) => {
      const place: Path = [...at, 'secretsMatch', position]
      secret([...place, 'secret'], one.secret)
      if (one.command !== undefined && application === undefined)
        add([...place, 'command'], 'the command is run in the booted application, and none is declared', { hint: 'declare `application`, or ask with `sql`' })
    })
    const role = (place: Path, name: string | undefined): void => {
      if (name !== undefined && !roles.includes(name)) add(place, `the set has no file ${JSON.stringify(name)}`, { hint: `its files: ${roles.join(', ')}` })
    }
    role([...at, 'migrations', 'database'], drill.migrations?.database)
    // Whatever is asked of a database that is not there would be asked of none, and nobody would miss the answer.
    for (const name of ['queries', 'writes', 'secretsMatch', 'files'] as const)
      drill[name]?.forEach(({ database: of }, position) => role([...at, name, position, 'database'], of))
    drill.files?.forEach(({ from }, position) => role([...at, 'files', position, 'from'], from))
  })
}
