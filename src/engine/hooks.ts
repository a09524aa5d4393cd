import type { WebhookEndpoint } from './deps.ts';

/**
 * Who is told of an action by webhook, each by a mark that holds no secret: `notify/2`, the place in the policy's list, or `always/pager`,
 * an endpoint that is told of everything in its tenant.
 */
export function hooksOf(tenant: string, notify: readonly string[], endpoints: readonly WebhookEndpoint[]): string[] {
  const named = notify.flatMap((entry, index) => (isHook(entry) ? [`notify/${index}`] : []));
  const always = endpoints.filter(
    (endpoint) => endpoint.tenant === tenant && endpoint.always && !notify.includes(NAMED + endpoint.name),
  );
  return [...named, ...always.map(({ name }) => `always/${name}`)];
}

export const isHook = (entry: string): boolean => entry.startsWith(NAMED) || isUrl(entry);

/** In clear only to this machine or, where that is allowed, a private network: the sender sees to it. */
export const isUrl = (entry: string): boolean => /^https?:\/\//.test(entry);

export const NAMED = 'webhook:';
