/** The credential of `run`: as every verb's, or in a GitHub job the job's own short-lived token, renewed before it expires. */
import { CountersignError } from '../../contract/index.ts';
import { connect, serverUrl, type ConnectOptions } from '../connect.ts';
import type { Io } from '../io.ts';

/** GitHub's tokens live five minutes or longer. */
const RENEW_MS = 4 * 60_000;

export interface RunCredential {
  url: string;
  key: string;
  fetch: typeof globalThis.fetch;
}

/** @param audience what the job's token is for, as the engine's issuers file says */
export async function credentialOf(io: Io, options: ConnectOptions, audience: string): Promise<RunCredential> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: source, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = io.env;
  if (io.env['COUNTERSIGN_API_KEY'] || options.as !== undefined || !source || !bearer) {
    const { url, token } = await connect(io, options);
    return { url, key: token ?? '', fetch: globalThis.fetch };
  }
  const take = async (): Promise<string> => {
    const url = new URL(source);
    url.searchParams.set('audience', audience);
    const response = await fetch(url, { headers: { authorization: `Bearer ${bearer}` }, redirect: 'error' });
    const { value } = response.ok ? ((await response.json()) as { value?: unknown }) : {};
    if (typeof value === 'string') return value;
    throw new CountersignError(
      'unauthenticated',
      'GitHub gave this job no token; give it `permissions: id-token: write`, or set `COUNTERSIGN_API_KEY`',
    );
  };
  let token = await take();
  let renewAt = io.now() + RENEW_MS;
  return {
    url: serverUrl(io, options),
    key: token,
    async fetch(input, init) {
      if (io.now() >= renewAt) {
        token = await take();
        renewAt = io.now() + RENEW_MS;
      }
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${token}`);
      return globalThis.fetch(input, { ...init, headers });
    },
  };
}
