/** A JSON value as lines of path and text, nothing cut: what an approver reads before they decide. */
import type { Json } from '../../../contract/json.ts';

export interface ShownLine {
  path: string;
  value: string;
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

export function linesOf(value: Json, path = ''): ShownLine[] {
  if (value === null || typeof value !== 'object' || isEmpty(value))
    return [{ path, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  const below = (name: string): string => (Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
  return Object.entries(value).flatMap(([name, member]) => linesOf(member as Json, path === '' ? name : below(name)));
}
