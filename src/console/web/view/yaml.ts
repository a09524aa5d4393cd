/** A policy as YAML, laid out as in its file; the bundle holds it as JSON. */
import type { Json } from '../../../contract/json.ts';

const PLAIN = /^[A-Za-z_][\w./@-]*$/;
const WORDS_OF_YAML = /^(true|false|null|yes|no|on|off|~)$/i;

const scalar = (value: string | number | boolean | null): string => {
  if (typeof value !== 'string') return String(value);
  return PLAIN.test(value) && !WORDS_OF_YAML.test(value) ? value : JSON.stringify(value);
};

const isScalar = (value: Json): value is string | number | boolean | null =>
  typeof value !== 'object' || value === null;

/** A bundle sorts its members; people write a rule in this order. */
const ORDER = [
  'policy',
  'surfaces',
  'id',
  'when',
  'then',
  'because',
  'approval',
  'name',
  'approvers',
  'stages',
  'quorum',
];
const placeOf = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

function lines(value: Json, indent: string): string[] {
  if (isScalar(value)) return [indent + scalar(value)];
  if (Array.isArray(value)) {
    if (value.every(isScalar)) return [`${indent}[${value.map((one) => scalar(one)).join(', ')}]`];
    return value.flatMap((item) => {
      const [first = '', ...rest] = lines(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  return Object.entries(value)
    .sort(([a], [b]) => placeOf(a) - placeOf(b))
    .flatMap(([name, member]) => {
      const inner = lines(member, `${indent}  `);
      const onOneLine = isScalar(member) || (Array.isArray(member) && member.every(isScalar));
      return onOneLine
        ? [`${indent}${scalar(name)}: ${(inner[0] ?? '').trimStart()}`]
        : [`${indent}${scalar(name)}:`, ...inner];
    });
}

export const yamlOf = (value: Json): string => lines(value, '').join('\n');

/** One rule of a policy in a bundle's source, or null where it has none of that name. */
export function ruleIn(source: Json, policy: string | null, rule: string | null): Json | null {
  const policies = (source as { policies?: unknown } | null)?.policies;
  if (typeof policies !== 'object' || policies === null) return null;
  for (const one of Object.values(policies) as { policy?: unknown; rules?: unknown }[]) {
    if (one.policy !== policy || !Array.isArray(one.rules)) continue;
    const entry = (one.rules as { id?: unknown }[]).find(({ id }) => id === rule);
    if (entry !== undefined) return entry as Json;
  }
  return null;
}

/** The policies of a bundle's source, by name. */
export function policiesIn(source: Json): { name: string; policy: Json }[] {
  const policies = (source as { policies?: unknown } | null)?.policies;
  if (typeof policies !== 'object' || policies === null) return [];
  return (Object.values(policies) as { policy?: unknown }[])
    .map((policy) => ({ name: typeof policy.policy === 'string' ? policy.policy : 'policy', policy: policy as Json }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
