/** Lists of resources, filtered and paged (RFC 7644 section 3.4.2), and what the service says of itself. */
import SCIMMY from 'scimmy';
import { CountersignError } from '../contract/index.ts';
import type { ScimResource } from './resources.ts';

/** Attributes that are compared without regard to capitals (RFC 7643 section 4). */
const FOLDED = /\b(userName|displayName|emails(?:\.value)?)(\s+(?:eq|ne|co|sw|ew)\s+)"([^"]*)"/gi;

const folded = (resource: ScimResource): ScimResource => {
  const { displayName, emails } = resource;
  return {
    ...resource,
    ...(typeof displayName === 'string' ? { displayName: displayName.toLowerCase() } : {}),
    ...(Array.isArray(emails)
      ? { emails: (emails as { value: string }[]).map((email) => ({ ...email, value: email.value.toLowerCase() })) }
      : {}),
  };
};

/** @throws CountersignError `invalid-request` for a filter that is not understood: no match would make a second account */
function matching(resources: readonly ScimResource[], filter: string | undefined): ScimResource[] {
  if (filter === undefined) return [...resources];
  try {
    const lower = filter.replace(
      FOLDED,
      (_all, name: string, operator: string, value: string) =>
        `${name}${operator}${JSON.stringify(value.toLowerCase())}`,
    );
    const compiled = new SCIMMY.Types.Filter(lower);
    return resources.filter((resource) => compiled.match([folded(resource)]).length > 0);
  } catch (cause) {
    throw new CountersignError('invalid-request', 'the filter is not understood', {
      cause,
      extensions: { scimType: 'invalidFilter' },
    });
  }
}

export interface ListQuery {
  filter?: string | undefined;
  startIndex?: number | undefined;
  count?: number | undefined;
  attributes?: string | undefined;
  excludedAttributes?: string | undefined;
}

/** Most items of a page. */
const PAGE_MAX = 500;

/** `id`, `schemas` and `meta` are always returned. */
export function selected(resource: ScimResource, { attributes, excludedAttributes }: ListQuery): ScimResource {
  const names = (list: string): string[] => list.split(',').map((name) => name.trim().toLowerCase());
  const always = ['id', 'schemas', 'meta'];
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => {
      if (always.includes(name)) return true;
      if (attributes !== undefined) return names(attributes).some((one) => one.split('.')[0] === name.toLowerCase());
      return excludedAttributes === undefined || !names(excludedAttributes).includes(name.toLowerCase());
    }),
  );
}

export function listOf(resources: readonly ScimResource[], query: ListQuery): ScimResource {
  const matches = matching(resources, query.filter).map((resource) => selected(resource, query));
  const startIndex = Math.max(1, query.startIndex ?? 1);
  const count = Math.min(PAGE_MAX, Math.max(0, query.count ?? PAGE_MAX));
  const page = matches.slice(startIndex - 1, startIndex - 1 + count);
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults: matches.length,
    startIndex,
    itemsPerPage: page.length,
    Resources: page,
  };
}

const asList = (resources: ScimResource[]): ScimResource => listOf(resources, {});

/** `/Schemas`. */
export const schemas = (base: string): ScimResource =>
  asList(
    [SCIMMY.Schemas.User, SCIMMY.Schemas.EnterpriseUser, SCIMMY.Schemas.Group].map(
      ({ definition }) => JSON.parse(JSON.stringify(definition.describe(`${base}/Schemas`))) as ScimResource,
    ),
  );

const typeOf = (base: string, id: 'User' | 'Group', extension?: string): ScimResource => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
  id,
  name: id,
  endpoint: `/${id}s`,
  schema: `urn:ietf:params:scim:schemas:core:2.0:${id}`,
  ...(extension === undefined ? {} : { schemaExtensions: [{ schema: extension, required: false }] }),
  meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${id}` },
});

/** `/ResourceTypes`. */
export const resourceTypes = (base: string): ScimResource =>
  asList([typeOf(base, 'User', 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'), typeOf(base, 'Group')]);

/** `/ServiceProviderConfig`. */
export const serviceProviderConfig = (base: string): ScimResource => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: PAGE_MAX },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    { type: 'oauthbearertoken', name: 'Bearer token', description: 'A token made for SCIM alone.', primary: true },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
});
