/** Reads claims of a token by name, and makes ids of them. Pure. */

/** The value of a claim; a name with slashes may also lead through objects: `kubernetes.io/serviceaccount/name`. */
function claimOf(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const step of name.split('/')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** A claim as text; null for one that is missing, empty, or no single value. */
export function claimText(claims: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = claimOf(claims, name);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A claim as a list of texts: a JSON list, or text with spaces between (as `scope`); empty for anything else. */
export function claimTexts(claims: Readonly<Record<string, unknown>>, name: string): string[] {
  const value = claimOf(claims, name);
  const list: unknown = typeof value === 'string' ? value.split(' ') : value;
  if (!Array.isArray(list)) return [];
  return list.filter((item): item is string => typeof item === 'string' && item !== '');
}

const PLACE = /\{([^{}]+)\}/g;

/**
 * A template with claims in the places of their names, such as `agent:github/{repository}`; null where one is missing. With several places
 * no value may hold `/` or `:`, so that two sets of claims never make one id.
 */
export function fillTemplate(template: string, claims: Readonly<Record<string, unknown>>): string | null {
  const places = [...template.matchAll(PLACE)].map(([, name = '']) => claimText(claims, name));
  if (places.includes(null)) return null;
  if (places.length > 1 && places.some((value) => /[/:]/.test(value ?? ''))) return null;
  let at = 0;
  return template.replace(PLACE, () => places[at++] ?? '');
}
