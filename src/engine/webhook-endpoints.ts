import type { WebhookEndpoint } from './deps.ts';

/**
 * The webhook endpoints of an action, each by a name without secrets: `notify/2`, the place in the policy's list, or `always/pager`,
 * an endpoint that gets every event of its tenant.
 */
export function endpointsOf(
  tenant: string,
  notify: readonly string[],
  endpoints: readonly WebhookEndpoint[],
): string[] {
  const named = notify.flatMap((entry, index) => (isEndpoint(entry) ? [`notify/${index}`] : []));
  const always = endpoints.filter(
    (endpoint) => endpoint.tenant === tenant && endpoint.always && !notify.includes(NAMED_ENDPOINT + endpoint.name),
  );
  return [...named, ...always.map(({ name }) => `always/${name}`)];
}

export const isEndpoint = (entry: string): boolean => entry.startsWith(NAMED_ENDPOINT) || isUrl(entry);

/** Plain HTTP goes only to this machine or, if allowed, a private network. The sender enforces that. */
export const isUrl = (entry: string): boolean => /^https?:\/\//.test(entry);

export const NAMED_ENDPOINT = 'webhook:';
