import { Router } from 'express';
import type { Authentication, Policies } from '../../gateway/types.ts';
import { checkShape } from '../input.ts';

export function evaluateRoutes(gateway: Authentication & Pick<Policies, 'evaluate'>): Router {
  const router = Router();
  router.post('/v1/evaluate', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    checkShape(request.body);
    const { verdict, observed, plan, trace } = await gateway.evaluate(caller, request.body);
    response.json({ verdict, observed, plan, trace });
  });
  return router;
}
