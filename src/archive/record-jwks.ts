import type { KeyHistory } from '../sealing/key-views.ts';

/** The record keys of a history as JWKs, newest first, each with its period (`since`, `until`) and, if it was revoked, its revocation. */
export function recordJwks({ keys }: Pick<KeyHistory, 'keys'>): object[] {
  return keys
    .filter(({ use }) => use === 'record')
    .map(({ key, since, until, revoked }) => ({
      ...(key as object),
      since,
      until,
      ...(revoked === null ? {} : { revoked }),
    }))
    .reverse();
}
