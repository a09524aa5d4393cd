/** Refuses unknown query parameters. One is probably mistyped, and the answer without it would be to another question. */
import type { RequestHandler } from 'express';
import { CountersignError } from '../contract/index.ts';
import { openApiDocument } from './openapi.ts';

interface Operation {
  method: string;
  path: RegExp;
  parameters: ReadonlySet<string>;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** The operations of the OpenAPI document, which is made of what the routes read. */
function operations(): Operation[] {
  return Object.entries(openApiDocument().paths ?? {}).flatMap(([template, item]) => {
    const path = new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`);
    return METHODS.flatMap((method): Operation[] => {
      const operation = item?.[method];
      if (operation === undefined) return [];
      const names = (operation.parameters ?? []).flatMap((one) =>
        'in' in one && one.in === 'query' ? [one.name] : [],
      );
      return [{ method: method.toUpperCase(), path, parameters: new Set(names) }];
    });
  });
}

/** Refuses query parameters of `/v1` that the operation does not have, and those that stand twice. */
export function knownParameters(): RequestHandler {
  const all = operations();
  return (request, _response, next) => {
    const asked = Object.keys(request.query);
    const operation =
      asked.length === 0 || !request.path.startsWith('/v1/')
        ? undefined
        : all.find(({ method, path }) => method === request.method && path.test(request.path));
    const unknown = operation && asked.find((name) => !operation.parameters.has(name));
    if (operation === undefined || unknown === undefined) {
      next();
      return;
    }
    const known = [...operation.parameters].map((name) => `\`${name}\``).join(', ') || 'none';
    const detail = `there is no query parameter \`${unknown.slice(0, 64)}\` here; known are: ${known}`;
    next(
      new CountersignError('invalid-request', detail, { errors: [{ pointer: `/${unknown.slice(0, 64)}`, detail }] }),
    );
  };
}
