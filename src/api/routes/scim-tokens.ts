import type { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import type { Provisioning } from '../../gateway/provisioning-types.ts';
import type { Authentication } from '../../gateway/types.ts';
import { purposeTokens } from '../purpose-tokens.ts';

const tokens = purposeTokens({
  path: '/v1/scim-tokens',
  id: 'ScimTokenInput',
  for: 'The identity provider that it is for.',
  days: { usual: 365, most: 730 },
  make: 'Make a token for an identity provider, which keeps the directory by SCIM and does nothing else; it is shown once',
  many: 'SCIM tokens',
  one: 'a SCIM token',
});

/** Tokens of identity providers, which keep the directory by SCIM. */
export const scimTokenRoutes = (gateway: Authentication & Provisioning): Router =>
  tokens.routes(gateway, {
    make: (caller, input) => gateway.makeScimToken(caller, input),
    list: (caller) => gateway.scimTokens(caller),
    revoke: (caller, id) => gateway.revokeScimToken(caller, id),
  });

export const scimTokenPaths: ZodOpenApiPathsObject = tokens.paths;
