/** The console's calls of the API. Any other program could make them. */
import type { ActionFacets, ActionList, Me } from '../../contract/views/index.ts';

/** The API's problem (RFC 9457), in words. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly type: string;
  constructor(status: number, type: string, detail: string) {
    super(detail);
    this.status = status;
    this.type = type;
  }
}

const problemOf = (status: number, body: unknown): ApiProblem => {
  const { type, detail, title } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const said = [detail, title].find((text) => typeof text === 'string');
  return new ApiProblem(
    status,
    typeof type === 'string' ? (type.split(/[/:#]/).at(-1) ?? '') : '',
    typeof said === 'string' ? said : `the server answered ${status}`,
  );
};

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const answer = await fetch(path, {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (answer.ok) return answer;
  throw problemOf(answer.status, await answer.json().catch(() => null));
}

export const withQuery = (path: string, query: Readonly<Record<string, string>>): string => {
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
};

export const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await (await send('GET', path, undefined, signal)).json()) as T;

export const getText = async (path: string, signal?: AbortSignal): Promise<string> =>
  (await send('GET', path, undefined, signal)).text();

export const post = async <T>(path: string, body: unknown): Promise<T> =>
  (await (await send('POST', path, body)).json()) as T;

/** For calls without a body in the answer. */
export const postUnanswered = async (path: string, body: unknown): Promise<void> =>
  void (await send('POST', path, body));

export const remove = async (path: string, body?: unknown): Promise<void> => void (await send('DELETE', path, body));

export const readMe = (signal?: AbortSignal): Promise<Me> => get<Me>('/v1/me', signal);

export const askActions = (query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<ActionList> =>
  get<ActionList>(withQuery('/v1/actions', query), signal);

export const readFacets = (query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<ActionFacets> =>
  get<ActionFacets>(withQuery('/v1/actions/facets', query), signal);
