/** Reads an answer by the owner's rules. */
import type { Json, JsonObject } from '../../contract/index.ts';
import type { HttpSettings } from '../settings.ts';

type Rule = 'executed' | 'failed' | 'retry';

/** A status that is in no list is unknown: the effect may have happened. Redirects are not followed. */
const DEFAULTS: Record<Rule, readonly (number | string)[]> = {
  executed: ['2xx'],
  failed: ['4xx', 307, 308],
  retry: [408, 409, 425, 429, '5xx'],
};

export interface ReadAnswer {
  /** Null where no rule says what the status means. */
  rule: Rule | null;
  reference: string;
  /** Null where nothing is to be given to the requester. */
  result: JsonObject | null;
}

export function readByRules(
  { response }: HttpSettings,
  { status, json, text }: { status: number; json: boolean; text: string },
): ReadAnswer {
  const body = json ? parsed(text) : undefined;
  const named = response.reference === undefined ? undefined : at(body, response.reference);
  const wanted = (response.return ?? []).flatMap((pointer): [string, Json][] => {
    const value = at(body, pointer);
    return value === undefined ? [] : [[pointer, value]];
  });
  const plain = (typeof named === 'string' || typeof named === 'number') && /^[\x20-\x7e]{1,200}$/.test(String(named));
  return {
    rule: ruleOf(response, status),
    reference: plain ? String(named) : `http ${status}`,
    result: response.return === undefined ? null : { status, ...Object.fromEntries(wanted) },
  };
}

/** A number before a class, and of two lists the more careful one. */
function ruleOf(response: HttpSettings['response'], status: number): Rule | null {
  const rules = (['retry', 'failed', 'executed'] as const).map(
    (rule) => [rule, response[rule] ?? DEFAULTS[rule]] as const,
  );
  const kind = `${Math.floor(status / 100)}xx`;
  const rule = rules.find(([, list]) => list.includes(status)) ?? rules.find(([, list]) => list.includes(kind));
  return rule?.[0] ?? null;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The value that a JSON pointer leads to (RFC 6901). */
function at(value: Json | undefined, pointer: string): Json | undefined {
  let here: Json | undefined = value;
  for (const part of pointer.slice(1).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as JsonObject)[name];
  }
  return here;
}
