/** The OpenAPI document as a Postman collection: every operation with its example, in folders by the first word of its path. */

interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  description?: string;
}

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { example?: unknown }> };
}

/** What is read of the document here. */
export interface OpenApi {
  info: { title: string; description?: string };
  paths?: Record<string, Record<string, Operation>>;
}

export interface CollectionItem {
  name: string;
  request: object;
}

export interface Collection {
  info: { name: string; description: string; schema: string };
  auth: object;
  variable: { key: string; value: string }[];
  item: { name: string; item: CollectionItem[] }[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** The collection; `{{url}}` and `{{key}}` are its variables. */
export function collectionOf({ info, paths = {} }: OpenApi): Collection {
  const folders = new Map<string, CollectionItem[]>();
  for (const [path, item] of Object.entries(paths)) {
    const parts = path.split('/').filter((part) => part !== '' && part !== 'v1');
    const folder = parts[0] ?? 'other';
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      folders.set(folder, [...(folders.get(folder) ?? []), itemOf(method, path, operation)]);
    }
  }
  return {
    info: {
      name: info.title,
      description: info.description ?? '',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{key}}', type: 'string' }] },
    variable: [
      { key: 'url', value: 'http://127.0.0.1:8787' },
      { key: 'key', value: '' },
    ],
    item: [...folders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, items]) => ({ name, item: items })),
  };
}

function itemOf(method: string, path: string, operation: Operation): CollectionItem {
  const { operationId, summary, description, security, parameters = [], requestBody } = operation;
  const names = (where: string): Parameter[] => parameters.filter((one) => one.in === where);
  const described = ({ description: text }: Parameter): object => (text === undefined ? {} : { description: text });
  const [body] = Object.entries(requestBody?.content ?? {});
  return {
    name: summary ?? operationId ?? `${method.toUpperCase()} ${path}`,
    request: {
      method: method.toUpperCase(),
      ...(description === undefined ? {} : { description }),
      ...(security?.length === 0 ? { auth: { type: 'noauth' } } : {}),
      header: [
        ...(body === undefined ? [] : [{ key: 'Content-Type', value: body[0] }]),
        ...names('header').map((one) => ({
          key: one.name,
          // A new key for each send, because the same key would be the same action.
          value: one.name === 'Idempotency-Key' ? '{{$guid}}' : '',
          disabled: one.required !== true,
          ...described(one),
        })),
      ],
      url: {
        raw: `{{url}}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
        host: ['{{url}}'],
        path: path
          .split('/')
          .filter((part) => part !== '')
          .map((part) => part.replaceAll(/\{(\w+)\}/g, ':$1')),
        query: names('query').map((one) => ({ key: one.name, value: '', disabled: true, ...described(one) })),
        variable: names('path').map((one) => ({ key: one.name, value: '', ...described(one) })),
      },
      ...(body === undefined
        ? {}
        : { body: { mode: 'raw', raw: textOf(body[1].example), options: { raw: { language: 'json' } } } }),
    },
  };
}

const textOf = (example: unknown): string =>
  typeof example === 'string' ? example : JSON.stringify(example ?? {}, null, 2);
