/** Refuses unknown query parameters. One is probably mistyped, and the answer without it would be to another question. */
import type { Request, RequestHandler } from 'express';
import { CountersignError } from '../contract/index.ts';
import { openApiDocument } from './openapi.ts';

interface Operation {
  method: string;
  path: RegExp;
  /** Parameters by name, with their allowed values where these are listed. */
  parameters: ReadonlyMap<string, readonly string[] | null>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The operations of the OpenAPI document, which is made from the schemas of the routes. */
function operations(): Operation[] {
  return Object.entries(openApiDocument().paths ?? {}).flatMap(([template, item]) => {
    const path = new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`);
    return METHODS.flatMap((method): Operation[] => {
      const operation = item?.[method];
      if (operation === undefined) return [];
      const parameters = (operation.parameters ?? []).flatMap((one) =>
        'in' in one && one.in === 'query' ? [[one.name, valuesOf(one.schema)] as const] : [],
      );
      return [{ method: method.toUpperCase(), path, parameters: new Map(parameters) }];
    });
  });
}

/** The values that a schema lists, or null. */
function valuesOf(schema: unknown): string[] | null {
  const values = (schema as { enum?: unknown } | undefined)?.enum;
  return Array.isArray(values) ? values.map(String) : null;
}

/** Refuses unknown query parameters of `/v1`, and unknown values of known ones. */
export function knownParameters(): RequestHandler {
  const all = operations();
  return (request, _response, next) => {
    const asked = Object.keys(request.query);
    const operation =
      asked.length === 0 || !request.path.startsWith('/v1/')
        ? undefined
        : all.find(({ method, path }) => method === request.method && path.test(request.path));
    next(operation && problemOf(operation, request.query));
  };
}

function problemOf({ parameters }: Operation, query: Request['query']): CountersignError | undefined {
  for (const [name, value] of Object.entries(query)) {
    const values = parameters.get(name);
    if (values === undefined) {
      const known = [...parameters.keys()].map((one) => `\`${one}\``).join(', ') || 'none';
      return wrong(name, `there is no query parameter \`${name.slice(0, 64)}\` here; known are: ${known}`);
    }
    // Without it the answer would be to another question.
    if (value === '') return wrong(name, `the query parameter \`${name}\` is empty; give it a value, or leave it out`);
    if (values !== null && typeof value === 'string' && !values.includes(value)) {
      return wrong(name, `\`${name}\` is one of ${values.join(', ')}`);
    }
  }
  return undefined;
}

const wrong = (name: string, detail: string): CountersignError =>
  new CountersignError('invalid-request', detail, { errors: [{ pointer: `/${name.slice(0, 64)}`, detail }] });
