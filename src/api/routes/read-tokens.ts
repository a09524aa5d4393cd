import type { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { Authentication, ReadTokens } from '../../gateway/types.ts';
import { purposeTokens } from '../purpose-tokens.ts';

const tokens = purposeTokens({
  path: '/v1/read-tokens',
  id: 'ReadTokenInput',
  for: 'The auditor or witness that it is for.',
  days: { usual: 7, most: 92 },
  surfaces:
    'Globs of the surfaces whose records and receipts alone it reads; without it the whole log, entry by entry.',
  make: 'Make a token that reads the log and its receipts, or those of some surfaces, and nothing else; it is shown once',
  many: 'Read tokens',
  one: 'a read token',
});

/** Tokens of those who read the log from outside. */
export const readTokenRoutes = (gateway: Authentication & ReadTokens): Router =>
  tokens.routes(gateway, {
    make: (caller, input) => gateway.makeReadToken(caller, input),
    list: (caller) => gateway.readTokens(caller),
    revoke: (caller, id) => gateway.revokeReadToken(caller, id),
  });

export const readTokenPaths: ZodOpenApiPathsObject = tokens.paths;
