import { Router, type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError, isCountersignError } from '../../contract/index.ts';
import type { Provisioning } from '../../gateway/provisioning-types.ts';
import type { Caller } from '../../identity/index.ts';
import type { GroupInForce, UserInForce } from '../../register/index.ts';
import {
  groupResource,
  listOf,
  patchGroup,
  patchUser,
  readGroup,
  readUser,
  resourceTypes,
  schemas,
  selected,
  serviceProviderConfig,
  userResource,
  type ListQuery,
  type ScimResource,
} from '../../scim/index.ts';
import { jsonBody } from '../body.ts';
import { pathText, queryText } from '../input.ts';
import { problem } from '../openapi-parts.ts';

const ROOT = '/scim/v2';
const TYPE = 'application/scim+json';
/** Some requests list a whole group of ten thousand people. */
const BODY_LIMIT = 2 * 1024 * 1024;

const callers = new WeakMap<Request, Caller>();
const callerOf = (request: Request): Caller => {
  const caller = callers.get(request);
  if (caller === undefined) throw new CountersignError('unauthenticated', 'no token was presented');
  return caller;
};
const bodyOf = (request: Request): ScimResource => (request.body ?? {}) as ScimResource;
const baseOf = (request: Request): string => `${request.protocol}://${request.get('host') ?? ''}${ROOT}`;

function queryOf(request: Request): ListQuery {
  const count = (name: string): number | undefined => {
    const raw = queryText(request, name);
    if (raw === undefined) return undefined;
    if (/^-?\d{1,9}$/.test(raw)) return Number(raw);
    throw new CountersignError('invalid-request', `\`${name}\` is a whole number`);
  };
  return {
    filter: queryText(request, 'filter'),
    startIndex: count('startIndex'),
    count: count('count'),
    attributes: queryText(request, 'attributes'),
    excludedAttributes: queryText(request, 'excludedAttributes'),
  };
}

const send = (response: Response, resource: ScimResource, status = 200): void =>
  void response.status(status).type(TYPE).send(JSON.stringify(resource));

type Groups = ReadonlyMap<string, GroupInForce>;
const groupsOf = (groups: Groups, { id }: UserInForce): GroupInForce[] =>
  [...groups.values()].filter(({ members }) => members.includes(id));

/** SCIM 2.0 (RFC 7644), for an identity provider with its token. */
export function scimRoutes(gateway: Provisioning): Router {
  const router = Router();
  const authenticated: RequestHandler = async (request, _response, next) => {
    callers.set(request, await gateway.authenticateProvisioner(request.get('authorization')));
    next();
  };
  router.use(ROOT, authenticated, jsonBody({ limit: BODY_LIMIT }));

  router.get(`${ROOT}/ServiceProviderConfig`, (request, response) => {
    send(response, serviceProviderConfig(baseOf(request)));
  });
  router.get(`${ROOT}/ResourceTypes`, (request, response) => send(response, resourceTypes(baseOf(request))));
  router.get(`${ROOT}/Schemas`, (request, response) => send(response, schemas(baseOf(request))));
  userRoutes(router, gateway);
  groupRoutes(router, gateway);
  router.use(ROOT, scimErrors(gateway));
  return router;
}

function userRoutes(router: Router, gateway: Provisioning): void {
  const answerUser = async (request: Request, user: UserInForce | null): Promise<ScimResource> => {
    if (user === null) throw new CountersignError('not-found', 'there is no such resource');
    const { groups } = await gateway.provisioned(callerOf(request));
    return userResource(user, groupsOf(groups, user), baseOf(request));
  };
  router.get(`${ROOT}/Users`, async (request, response) => {
    const { users, groups } = await gateway.provisioned(callerOf(request));
    const all = [...users.values()].map((user) => userResource(user, groupsOf(groups, user), baseOf(request)));
    send(response, listOf(all, queryOf(request)));
  });
  router.post(`${ROOT}/Users`, async (request, response) => {
    const user = readUser(bodyOf(request), { active: true });
    const made = await gateway.changeUser(callerOf(request), null, () => Promise.resolve(user));
    const resource = await answerUser(request, made);
    response.setHeader('Location', `${baseOf(request)}/Users/${String(resource['id'])}`);
    send(response, resource, 201);
  });
  router.get(`${ROOT}/Users/:id`, async (request, response) => {
    const { users } = await gateway.provisioned(callerOf(request));
    const resource = await answerUser(request, users.get(pathText(request, 'id')) ?? null);
    send(response, selected(resource, queryOf(request)));
  });
  router.put(`${ROOT}/Users/:id`, async (request, response) => {
    const changed = await gateway.changeUser(callerOf(request), pathText(request, 'id'), (now) =>
      Promise.resolve(readUser(bodyOf(request), { active: now?.active === true })),
    );
    send(response, await answerUser(request, changed));
  });
  router.patch(`${ROOT}/Users/:id`, async (request, response) => {
    const changed = await gateway.changeUser(callerOf(request), pathText(request, 'id'), (now) =>
      now === null ? Promise.resolve(null) : patchUser(now, bodyOf(request)),
    );
    send(response, await answerUser(request, changed));
  });
  router.delete(`${ROOT}/Users/:id`, async (request, response) => {
    await gateway.changeUser(callerOf(request), pathText(request, 'id'), () => Promise.resolve(null));
    response.status(204).end();
  });
}

function groupRoutes(router: Router, gateway: Provisioning): void {
  const answerGroup = (request: Request, group: GroupInForce | null): ScimResource => {
    if (group === null) throw new CountersignError('not-found', 'there is no such resource');
    return selected(groupResource(group, baseOf(request)), queryOf(request));
  };
  router.get(`${ROOT}/Groups`, async (request, response) => {
    const { groups } = await gateway.provisioned(callerOf(request));
    const all = [...groups.values()].map((group) => groupResource(group, baseOf(request)));
    send(response, listOf(all, queryOf(request)));
  });
  router.post(`${ROOT}/Groups`, async (request, response) => {
    const group = readGroup(bodyOf(request));
    const made = await gateway.changeGroup(callerOf(request), null, () => Promise.resolve(group));
    const resource = answerGroup(request, made);
    response.setHeader('Location', `${baseOf(request)}/Groups/${String(resource['id'])}`);
    send(response, resource, 201);
  });
  router.get(`${ROOT}/Groups/:id`, async (request, response) => {
    const { groups } = await gateway.provisioned(callerOf(request));
    send(response, answerGroup(request, groups.get(pathText(request, 'id')) ?? null));
  });
  router.put(`${ROOT}/Groups/:id`, async (request, response) => {
    const changed = await gateway.changeGroup(callerOf(request), pathText(request, 'id'), () =>
      Promise.resolve(readGroup(bodyOf(request))),
    );
    send(response, answerGroup(request, changed));
  });
  router.patch(`${ROOT}/Groups/:id`, async (request, response) => {
    const changed = await gateway.changeGroup(callerOf(request), pathText(request, 'id'), (now) =>
      now === null ? Promise.resolve(null) : patchGroup(now, bodyOf(request)),
    );
    send(response, answerGroup(request, changed));
  });
  router.delete(`${ROOT}/Groups/:id`, async (request, response) => {
    await gateway.changeGroup(callerOf(request), pathText(request, 'id'), () => Promise.resolve(null));
    response.status(204).end();
  });
}

const SCIM_TYPES: Readonly<Record<string, string>> = { 'invalid-request': 'invalidValue', conflict: 'uniqueness' };

/** Every failure in SCIM's form (RFC 7644 section 3.12), and alarmed about, because somebody may still be an approver who should not be. */
const scimErrors =
  (gateway: Provisioning): ErrorRequestHandler =>
  async (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = isCountersignError(error) ? error.status : ((error as { status?: number }).status ?? 500);
    const known = isCountersignError(error) ? error : null;
    const detail = known?.message ?? (status < 500 ? 'the request could not be read' : 'a fault; nothing was changed');
    const code = known?.code ?? (status < 500 ? 'invalid-request' : 'internal');
    // Providers begin with a query that finds nobody. A provider with an expired token is alarmed about like a failed change; a caller with
    // another credential is not a provider.
    if (status !== 403 && (request.method !== 'GET' || status === 401 || status >= 500)) {
      const what = `${request.method} ${ROOT}${request.path}`.slice(0, 256);
      await gateway.provisioningFailed(callers.get(request) ?? null, { request: what, code, detail });
    }
    const scimType = known?.extensions['scimType'] ?? SCIM_TYPES[code];
    if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="countersign"');
    response
      .status(status)
      .type(TYPE)
      .send(
        JSON.stringify({
          schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
          status: String(status),
          ...(scimType === undefined ? {} : { scimType }),
          detail,
        }),
      );
  };

const resourceSchema = z
  .looseObject({ schemas: z.array(z.string()) })
  .meta({ id: 'ScimResource', description: 'A resource or message of RFC 7643 and 7644.' });
const scim = (description: string) => ({ description, content: { [TYPE]: { schema: resourceSchema } } });
/** Before a request reaches SCIM, for example when there are too many, the answer is a problem document. */
const fails = (description: string) => ({
  description,
  content: { [TYPE]: { schema: resourceSchema }, ...problem(description).content },
});
const FAILS = {
  '400': fails('It is not understood.'),
  '401': fails('No valid token.'),
  '403': fails('Not a token of SCIM.'),
  '404': fails('No such resource.'),
  '409': fails('There is one of that name.'),
  '413': fails('The body is too large.'),
  '422': fails('It is not accepted.'),
  '429': problem('Too many requests.'),
  '500': fails('A fault; nothing was changed.'),
  '503': fails('Something Countersign needs does not answer; nothing was changed.'),
};
const query = z.object({
  filter: z.string().optional(),
  startIndex: z.string().optional(),
  count: z.string().optional(),
  attributes: z.string().optional(),
  excludedAttributes: z.string().optional(),
});
const body = { requestBody: { required: true, content: { [TYPE]: { schema: resourceSchema } } } };
const path = z.object({ id: z.string().meta({ description: 'SCIM id.' }) });
const operation = (
  summary: string,
  ok: { status?: '200' | '201' | '204'; one?: boolean; listed?: boolean; takes?: boolean },
): ZodOpenApiOperationObject => {
  const { status = '200', one = false, listed = false, takes = false } = ok;
  return {
    summary,
    requestParams: { ...(one ? { path } : {}), ...(listed ? { query } : {}) },
    ...(takes ? body : {}),
    responses: { [status]: status === '204' ? { description: 'Deleted.' } : scim('A SCIM message.'), ...FAILS },
  };
};
const kind = (plural: string, one: string): ZodOpenApiPathsObject => ({
  [`${ROOT}/${plural}`]: {
    get: operation(`SCIM 2.0: list ${plural.toLowerCase()}`, { listed: true }),
    post: operation(`SCIM 2.0: create a ${one}; sealed`, { status: '201', takes: true }),
  },
  [`${ROOT}/${plural}/{id}`]: {
    get: operation(`SCIM 2.0: read a ${one}`, { one: true, listed: true }),
    put: operation(`SCIM 2.0: replace a ${one}; sealed`, { one: true, takes: true }),
    patch: operation(`SCIM 2.0: change a ${one}; sealed`, { one: true, takes: true }),
    delete: operation(`SCIM 2.0: delete a ${one}; sealed, and counts at once`, { one: true, status: '204' }),
  },
});

export const scimPaths: ZodOpenApiPathsObject = {
  ...kind('Users', 'person'),
  ...kind('Groups', 'group'),
  [`${ROOT}/ServiceProviderConfig`]: { get: operation('SCIM 2.0: what is supported', {}) },
  [`${ROOT}/ResourceTypes`]: { get: operation('SCIM 2.0: kinds of resources', {}) },
  [`${ROOT}/Schemas`]: { get: operation('SCIM 2.0: attributes of resources', {}) },
};
