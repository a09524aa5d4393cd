/** Routes and operations of tokens that are made for one purpose, and end by themselves. */
import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  newReadTokenSchema,
  readTokenListSchema,
  type NewReadToken,
  type ReadTokenView,
} from '../contract/views/index.ts';
import type { ReadTokenInput } from '../gateway/provisioning-types.ts';
import type { Authentication } from '../gateway/types.ts';
import type { Caller } from '../identity/index.ts';
import { callerOf, parseBody, pathText } from './input.ts';
import { body, byId, COMMON, json, ok, problem } from './openapi-parts.ts';

/** What the gateway does with them. */
export interface PurposeTokens {
  make(caller: Caller, input: ReadTokenInput): Promise<NewReadToken>;
  list(caller: Caller): Promise<ReadTokenView[]>;
  revoke(caller: Caller, id: string): Promise<void>;
}

/** How they are described. */
export interface TokenWords {
  /** Their address. */
  path: string;
  /** Name of the input's schema. */
  id: string;
  /** Whom one is for. */
  for: string;
  days: { usual: number; most: number };
  /** What `surfaces` narrows it to; left out where there is nothing to narrow. */
  surfaces?: string;
  make: string;
  /** `Read tokens`. */
  many: string;
  /** `a read token`. */
  one: string;
}

const NO_OWNER = { '403': problem('Not an owner.') };

const surfacesOf = (what: string) =>
  z.array(z.string().min(1).max(256)).min(1).max(64).optional().meta({ description: what });

function inputOf({ id, for: who, days, surfaces }: TokenWords): z.ZodType<ReadTokenInput> {
  const shape = {
    for: z.string().trim().min(1).max(256).meta({ description: who }),
    days: z.int().min(1).max(days.most).default(days.usual).meta({ description: 'How long it counts.' }),
  };
  return surfaces === undefined
    ? z.strictObject(shape).meta({ id })
    : z.strictObject({ ...shape, surfaces: surfacesOf(surfaces) }).meta({ id });
}

/** The routes, and what the OpenAPI document says of them. */
export function purposeTokens(words: TokenWords): {
  routes(gateway: Authentication, tokens: PurposeTokens): Router;
  paths: ZodOpenApiPathsObject;
} {
  const { path, make, many, one } = words;
  const inputSchema = inputOf(words);
  return {
    routes(gateway, tokens) {
      const router = Router();
      router.post(path, async (request, response) => {
        const caller = await callerOf(gateway, request);
        const made = await tokens.make(caller, parseBody(inputSchema, request.body));
        response.status(201).setHeader('Cache-Control', 'no-store').json(made);
      });
      router.get(path, async (request, response) => {
        response.json({ tokens: await tokens.list(await callerOf(gateway, request)) });
      });
      router.delete(`${path}/:id`, async (request, response) => {
        const caller = await callerOf(gateway, request);
        await tokens.revoke(caller, pathText(request, 'id'));
        response.status(204).end();
      });
      return router;
    },
    paths: {
      [path]: {
        post: {
          summary: make,
          ...body(inputSchema),
          responses: { '201': { description: 'Made.', ...json(newReadTokenSchema) }, ...COMMON, ...NO_OWNER },
        },
        get: {
          summary: `${many} of this tenant, without their secrets`,
          responses: { ...ok(readTokenListSchema, `${many}.`), ...COMMON, ...NO_OWNER },
        },
      },
      [`${path}/{id}`]: {
        delete: {
          summary: `Revoke ${one}`,
          requestParams: byId('Token id.'),
          responses: {
            '204': { description: 'Revoked.' },
            ...COMMON,
            ...NO_OWNER,
            '404': problem('No live token of that id.'),
          },
        },
      },
    },
  };
}
