/** The document says everything that can be answered, and its examples are what it says. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../../src/api/openapi.ts';
import { operationIdOf } from '../../src/api/openapi-complete.ts';

interface Media {
  schema?: object;
  example?: unknown;
}
interface Operation {
  operationId: string;
  security?: unknown[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { headers?: object; content?: Record<string, Media> }>;
}
const { paths, components } = JSON.parse(JSON.stringify(openApiDocument())) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};
const operations = Object.entries(paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    method,
    operation,
  })),
);

/** With the document's named schemas where JSON Schema looks for them. */
const resolved = (schema: object): object =>
  JSON.parse(
    JSON.stringify({ ...schema, $defs: components.schemas }).replaceAll('#/components/schemas/', '#/$defs/'),
  ) as object;
const valid = (schema: object, value: unknown): boolean =>
  z.fromJSONSchema(resolved(schema) as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).success;

describe.each(operations)('$name', ({ path, method, operation }) => {
  const open = operation.security?.length === 0;
  it('has an id, and the statuses that its kind can answer', () => {
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z0-9]+$/);
    const statuses = Object.keys(operation.responses);
    expect(statuses).toEqual(expect.arrayContaining(['429', '500', '503']));
    if (!open) expect(statuses).toEqual(expect.arrayContaining(['401', '403']));
    if (path.includes('{')) expect(statuses).toContain('404');
    if (operation.requestBody !== undefined) expect(statuses).toEqual(expect.arrayContaining(['400', '413', '422']));
    if (path.startsWith('/v1/actions')) {
      expect(operation.responses['409' in operation.responses ? '409' : '403']?.headers).toHaveProperty(
        'Countersign-Receipt',
      );
    }
    expect(method).not.toBe('');
  });

  it('has an example of each body, which fits', () => {
    const bodies = [operation.requestBody, ...Object.values(operation.responses)].flatMap((body) =>
      Object.values(body?.content ?? {}),
    );
    for (const { schema = {}, example } of bodies) {
      expect(example).toBeDefined();
      expect([example, valid(schema, example)]).toEqual([example, true]);
    }
  });
});

it('no two operations have one id', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it.each([
  ['get', '/v1/actions/{id}', 'getAction'],
  ['post', '/v1/actions', 'postActions'],
  ['post', '/v1/actions/{id}/decisions', 'postActionDecisions'],
  ['get', '/v1/policies/{bundle}', 'getPolicy'],
  ['get', '/v1/policies', 'getPolicies'],
  ['delete', '/v1/freezes/{id}', 'deleteFreeze'],
  ['get', '/v1/records/{hash}/receipt', 'getRecordReceipt'],
  ['get', '/v1/reports/break-glass', 'getReportsBreakGlass'],
  ['get', '/.well-known/jwks.json', 'getWellKnownJwksJson'],
  ['get', '/log/{tenant}/checkpoint', 'getLogCheckpoint'],
])('%s %s is called %s', (method, path, id) => {
  expect(operationIdOf(method, path)).toBe(id);
});
