/** The part of the Bot Connector's REST API that notifications need. Only addresses that the settings allow are ever called. */
import { z } from 'zod';
import type { JsonObject } from '../contract/index.ts';

const TIMEOUT_MS = 10_000;
/** Milliseconds before a token ends at which the next is asked for. */
const EARLY_MS = 5 * 60_000;
const RETRY_MS = 5000;
const MAX_RETRY_MS = 10 * 60_000;
const SCOPE = 'https://api.botframework.com/.default';

export interface TeamsClientOptions {
  appId: string;
  appSecret: string;
  /** Id of the tenant in Microsoft Entra. */
  tenant: string;
  tokenUrl: string;
  /** Prefixes of the addresses that may be called, each ending in `/`. The first one reaches people without a known conversation. */
  serviceUrls: readonly [string, ...string[]];
  fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Teams' answer to a failed call. */
export class TeamsTrouble extends Error {
  /** `target`: it is about this one person. `away`: try again later. `configuration`: somebody must mend a setting. */
  readonly kind: 'target' | 'away' | 'configuration';
  /** Teams' own code, or the status. */
  readonly code: string;
  readonly retryAfterMs: number;

  constructor(kind: TeamsTrouble['kind'], code: string, retryAfterMs = RETRY_MS, cause?: unknown) {
    super(`Teams answered ${code}`, cause === undefined ? undefined : { cause });
    this.name = 'TeamsTrouble';
    this.kind = kind;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface TeamsClient {
  /** Resolves where Microsoft knows the app: it has a token. @throws TeamsTrouble */
  authorized(): Promise<void>;
  /** Id of the conversation between the app and one user: the same each time. @throws TeamsTrouble */
  conversation(serviceUrl: string, user: string): Promise<string>;
  /** @returns the activity's id. @throws TeamsTrouble */
  send(serviceUrl: string, conversation: string, activity: JsonObject): Promise<string>;
  /** @throws TeamsTrouble */
  update(serviceUrl: string, conversation: string, id: string, activity: JsonObject): Promise<void>;
}

const tokenSchema = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() });
const namedSchema = z.looseObject({ id: z.string().min(1).max(512) });
const errorSchema = z.looseObject({ error: z.looseObject({ code: z.string().max(100) }) });

/** Whether an address begins with an allowed prefix, compared as parsed URLs, so that nothing in it leads elsewhere. */
export function isAllowed(serviceUrl: string, allowed: readonly string[]): boolean {
  if (!URL.canParse(serviceUrl)) return false;
  const { origin, pathname, username, password, search, hash } = new URL(serviceUrl);
  if (username !== '' || password !== '' || search !== '' || hash !== '' || /%|\\/.test(serviceUrl)) return false;
  const path = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return allowed.some((one) => {
    const known = new URL(one);
    return known.origin === origin && path.startsWith(known.pathname);
  });
}

export function createTeamsClient(options: TeamsClientOptions): TeamsClient {
  const { appId, appSecret, tenant, tokenUrl, serviceUrls, fetch, now } = options;
  let held: { token: string; until: number } | null = null;

  const request = async (url: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      throw new TeamsTrouble('away', 'no answer', RETRY_MS, error);
    }
  };
  const token = async (): Promise<string> => {
    if (held !== null && now() < held.until) return held.token;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: appId,
      client_secret: appSecret,
      scope: SCOPE,
    });
    const answer = await request(tokenUrl, { method: 'POST', body });
    if (!answer.ok) {
      const wrong = answer.status < 500 && answer.status !== 429;
      throw new TeamsTrouble(wrong ? 'configuration' : 'away', `token ${answer.status}`, retryAfter(answer));
    }
    const { access_token: fresh, expires_in: seconds } = await bodyOf(answer, tokenSchema);
    held = { token: fresh, until: now() + Math.max(0, seconds * 1000 - EARLY_MS) };
    return fresh;
  };
  const call = async (serviceUrl: string, method: string, path: string, body: JsonObject): Promise<Response> => {
    if (!isAllowed(serviceUrl, serviceUrls)) throw new TeamsTrouble('target', 'ServiceUrlNotAllowed');
    const url = `${serviceUrl.replace(/\/*$/, '/')}v3/conversations${path}`;
    for (let first = true; ; first = false) {
      const answer = await request(url, {
        method,
        headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (answer.ok) return answer;
      // The token was revoked early.
      held = answer.status === 401 ? null : held;
      if (answer.status !== 401 || !first) throw await troubleOf(answer);
    }
  };

  return {
    async authorized() {
      await token();
    },
    async conversation(serviceUrl, user) {
      const answer = await call(serviceUrl, 'POST', '', {
        isGroup: false,
        bot: { id: `28:${appId}` },
        members: [{ id: user }],
        tenantId: tenant,
        channelData: { tenant: { id: tenant } },
      });
      return (await bodyOf(answer, namedSchema)).id;
    },
    async send(serviceUrl, conversation, activity) {
      const answer = await call(serviceUrl, 'POST', `/${encodeURIComponent(conversation)}/activities`, activity);
      return (await bodyOf(answer, namedSchema)).id;
    },
    async update(serviceUrl, conversation, id, activity) {
      const path = `/${encodeURIComponent(conversation)}/activities/${encodeURIComponent(id)}`;
      await call(serviceUrl, 'PUT', path, { ...activity, id });
    },
  };
}

async function bodyOf<T extends z.ZodType>(answer: Response, schema: T): Promise<z.output<T>> {
  try {
    return schema.parse(await answer.json());
  } catch (error) {
    throw new TeamsTrouble('away', 'an answer of another shape', RETRY_MS, error);
  }
}

async function troubleOf(answer: Response): Promise<TeamsTrouble> {
  const { status } = answer;
  const said = errorSchema.safeParse(await answer.json().catch(() => null));
  const code = said.data?.error.code ?? String(status);
  if (status === 429 || status >= 500) return new TeamsTrouble('away', code, retryAfter(answer));
  if (status === 401) return new TeamsTrouble('configuration', code);
  return new TeamsTrouble('target', code);
}

/** Seconds or a date (RFC 9110 section 10.2.3), within reason. */
function retryAfter(answer: Response): number {
  const said = answer.headers.get('retry-after');
  if (said === null) return RETRY_MS;
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_MS) : RETRY_MS;
}
