/** Examples for the OpenAPI document, made from its own schemas, so that each one matches its schema. */

/** What is read of a JSON Schema here. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: boolean | Schema;
}

const HASH = `sha256:${'9f'.repeat(32)}`;

/** Examples by field name, where the name says more than the schema. */
const NAMED: Readonly<Record<string, unknown>> = {
  hash: HASH,
  requestHash: HASH,
  bundle: HASH,
  record: HASH,
  surface: 'payments.refund',
  action: 'refund.create',
  tenant: 'default',
  reason: 'the customer was charged twice',
  detail: 'what happened, and what to do next',
  by: 'user:finance-lead@acme.test',
  actor: 'agent:support-bot',
  currency: 'USD',
  permit: 'eyJhbGciOiJFZERTQSJ9.eyJhY3QiOiJhY3RfMSJ9.c2ln',
};

/** For patterns and formats: the first that fits is taken. */
const TEXTS = [
  'text',
  'payments.refund',
  'refund.create',
  'user:finance-lead@acme.test',
  `act_${'5b'.repeat(32)}`,
  HASH,
  '9f'.repeat(32),
  '2026-11-21T09:30:00Z',
  '2026-11-21T09:30:00.000Z',
  '2026-11-21',
  'USD',
  'https://acme.test/hooks',
  'finance@acme.test',
  'YWJjZGVmZ2hpamtsbW5vcHFyc3R1dg',
  'YWJjZGVmZ2hpamtsbW5vcHFyc3R1dg==',
  'params.amount',
  '420.50',
  '1h',
  '1',
];

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-.*T/,
  date: /^\d{4}-\d\d-\d\d$/,
  uri: /^https:/,
  email: /^[a-z]+@/,
  binary: /./,
};

const DEPTH_MAX = 8;

/** A value that `schema` takes. `refs` are the document's named schemas. */
export function exampleOf(schema: Schema, refs: Readonly<Record<string, Schema>>, name = '', depth = 0): unknown {
  if (schema.$ref !== undefined) {
    const component = refs[schema.$ref.split('/').at(-1) ?? ''];
    return component === undefined || depth > DEPTH_MAX ? {} : exampleOf(component, refs, name, depth + 1);
  }
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return exampleOf(choice, refs, name, depth + 1);
  if (schema.allOf !== undefined) {
    const parts = schema.allOf.map((part) => exampleOf(part, refs, name, depth + 1));
    return parts.every((part) => typeof part === 'object') ? Object.assign({}, ...parts) : parts[0];
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'string':
      return textOf(schema, name);
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return schema.items === undefined || (depth > DEPTH_MAX && (schema.minItems ?? 0) === 0)
        ? []
        : [exampleOf(schema.items, refs, name.replace(/s$/, ''), depth + 1)];
    default:
      return objectOf(schema, refs, depth);
  }
}

function objectOf(schema: Schema, refs: Readonly<Record<string, Schema>>, depth: number): object {
  const { properties = {}, required = [] } = schema;
  return Object.fromEntries(
    required.map((key) => [key, exampleOf(properties[key] ?? { type: 'string' }, refs, key, depth + 1)]),
  );
}

function textOf(schema: Schema, name: string): string {
  const fits = (text: string): boolean =>
    (schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(text)) &&
    (schema.format === undefined || (FORMATS[schema.format]?.test(text) ?? true)) &&
    text.length >= (schema.minLength ?? 0) &&
    text.length <= (schema.maxLength ?? Infinity);
  const named = NAMED[name];
  if (typeof named === 'string' && fits(named)) return named;
  return TEXTS.find(fits) ?? 'x'.repeat(schema.minLength ?? 1);
}
