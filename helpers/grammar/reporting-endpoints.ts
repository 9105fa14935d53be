/** Readers of where reports go: Reporting-Endpoints (Reporting API §3.2, a structured dictionary) and the older Report-To (JSON objects). */
import { parseDictionary } from 'structured-headers'

export type ReportingEndpoints =
  /** Name to URL as sent. */
  { readonly ok: true; readonly endpoints: ReadonlyMap<string, string> } | { readonly ok: false; readonly error: string }

const MOST = 65_536

/** All Reporting-Endpoints fields of a response together. Members that are no string are passed over, as in browsers. Never throws. */
export function readReportingEndpoints(fields: readonly string[]): ReportingEndpoints {
  try {
    const endpoints = new Map<string, string>()
    for (const [name, item] of parseDictionary(fields.join(', ').slice(0, MOST))) if (typeof item[0] === 'string') endpoints.set(name, item[0])
    return { ok: true, endpoints }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Group names with their first URL of all Report-To fields: JSON objects, comma-separated. Never throws. */
export function readReportTo(fields: readonly string[]): ReportingEndpoints {
  try {
    const endpoints = new Map<string, string>()
    const groups: unknown = JSON.parse(`[${fields.join(', ').slice(0, MOST)}]`)
    for (const group of Array.isArray(groups) ? groups : []) {
      if (typeof group !== 'object' || group === null) continue
      const { group: name, endpoints: list } = group as { group?: unknown; endpoints?: unknown }
      const url = Array.isArray(list) ? ((list as unknown[])[0] as { url?: unknown } | undefined)?.url : undefined
      if (typeof url === 'string') endpoints.set(typeof name === 'string' ? name : 'default', url)
    }
    return { ok: true, endpoints }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}
