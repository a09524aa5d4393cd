import { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { savedViewInputSchema, savedViewListSchema, savedViewSchema } from '../../contract/views/index.ts';
import type { Authentication, SavedViews } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

/** Saved queries of the console. */
export function savedViewRoutes(gateway: Authentication & SavedViews): Router {
  const router = Router();
  router.get('/v1/views', async (request, response) => {
    response.json({ views: await gateway.savedViews(await callerOf(gateway, request)) });
  });
  router.post('/v1/views', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.status(201).json(await gateway.saveView(caller, parseBody(savedViewInputSchema, request.body)));
  });
  router.get('/v1/views/:id', async (request, response) => {
    response.json(await gateway.savedView(await callerOf(gateway, request), pathText(request, 'id')));
  });
  router.delete('/v1/views/:id', async (request, response) => {
    await gateway.removeView(await callerOf(gateway, request), pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}

const MISSING = { '404': problem('No such view, or it is not yours.') };
const requestParams = byId('Id of the view, `view_…`.');

export const savedViewPaths: ZodOpenApiPathsObject = {
  '/v1/views': {
    get: {
      summary: 'Saved questions of the console: of everybody for auditors and owners, of their own for others',
      responses: { ...ok(savedViewListSchema, 'By name.'), ...COMMON },
    },
    post: {
      summary: 'Save a question under a name',
      ...body(savedViewInputSchema),
      responses: {
        '201': { description: 'Saved.', ...json(savedViewSchema) },
        ...COMMON,
        '409': problem('The caller has a hundred already.'),
      },
    },
  },
  '/v1/views/{id}': {
    get: {
      summary: 'A saved question, for whoever has its link; what it finds is what the caller may see',
      requestParams,
      responses: { ...ok(savedViewSchema, 'The question.'), ...COMMON, ...MISSING },
    },
    delete: {
      summary: 'Remove a saved question: its maker, or an owner',
      requestParams,
      responses: { '204': { description: 'Removed.' }, ...COMMON, ...MISSING },
    },
  },
};
