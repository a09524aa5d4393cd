import type { OnCallSourceName } from '../../contract/index.ts';

/** Says who is on call. */
export interface OnCallSource {
  source: OnCallSourceName;
  /**
   * Addresses of the people who are asked first, without those who are only asked after them.
   *
   * @param at milliseconds since the epoch
   * @throws Unreadable for an answer that does not name them
   */
  firstTier(at: number, signal: AbortSignal): Promise<string[]>;
}

/** Why an answer does not say who is on call, in words that quote nothing from it. */
export class Unreadable extends Error {}

export interface HttpSourceDeps {
  fetch: typeof globalThis.fetch;
  /** Read at each use, so that it can be rotated. */
  token(): string;
}

/** Bytes of an answer that are read. */
const ANSWER_MAX_BYTES = 1024 * 1024;

/** JSON of a 2xx answer. Redirects are not followed. @throws Unreadable */
export async function readAnswerOf(
  { fetch }: Pick<HttpSourceDeps, 'fetch'>,
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await fetch(url, { headers: { accept: 'application/json', ...headers }, redirect: 'error', signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Unreadable(`it answered ${String(response.status)}`);
  }
  const text = await response.text();
  if (text.length > ANSWER_MAX_BYTES) throw new Unreadable('its answer is too long');
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable('its answer is no JSON');
  }
}
