/** One-hour tokens of people, made on the local stack by the holder of its data folder (contract section 8). */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import type { Signer } from '../sealing/index.ts';
import type { Directory, Person } from './directory.ts';
import { signCompact, verifyCompact, type TrustedKeys } from './jws.ts';

export const PERSON_TOKEN_TYP = 'person+jwt';
const AUDIENCE = 'countersign';

/** Seconds a person token lives. */
export const PERSON_TOKEN_SECONDS = 3600;

/**
 * A token for one active person of the directory.
 *
 * @param now Milliseconds since the epoch.
 * @throws CountersignError `not-found` for a person the directory does not have, `forbidden` for one who left.
 */
export async function issuePersonToken(
  signer: Signer,
  input: { person: string; tenant: string; directory: Directory; now: number },
): Promise<string> {
  const { person, tenant, directory } = input;
  if (directory.person(person) === null) {
    throw new CountersignError(
      'not-found',
      `the directory has no \`${person}\`; use the id of one of its people, such as \`${directory.people()[0]?.id ?? 'user:…'}\``,
    );
  }
  if (!directory.active(person)) {
    throw new CountersignError(
      'forbidden',
      `\`${person}\` is not active in the directory; use the id of somebody who is`,
    );
  }
  const iat = Math.floor(input.now / 1000);
  const times = { iat, exp: iat + PERSON_TOKEN_SECONDS, jti: randomUUID() };
  return signCompact(signer, PERSON_TOKEN_TYP, { aud: AUDIENCE, sub: person, tenant, ...times });
}

const claimsSchema = z.looseObject({ sub: z.string(), tenant: z.string(), iat: z.int(), exp: z.int() });

/**
 * The person that a token speaks for, who is still active in the directory of its tenant.
 *
 * @param directoryOf throws where there is no such tenant.
 * @param now Milliseconds since the epoch.
 * @throws CountersignError `unauthenticated`.
 */
export async function verifyPersonToken(
  token: string,
  keys: TrustedKeys,
  directoryOf: (tenant: string) => Promise<Directory>,
  now: number,
): Promise<{ person: Person; tenant: string; expiresAt: number }> {
  const next = 'get a new one with `countersign token --as user:…`';
  const refuse = (message: string): CountersignError => new CountersignError('unauthenticated', `${message}; ${next}`);
  const payload = await verifyCompact(token, keys, {
    typ: PERSON_TOKEN_TYP,
    audience: AUDIENCE,
    now,
    code: 'unauthenticated',
    what: 'the token',
    next,
  });
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success || claims.data.exp - claims.data.iat > PERSON_TOKEN_SECONDS)
    throw refuse('the token is not a person’s');
  const person = (await directoryOf(claims.data.tenant)).person(claims.data.sub);
  if (person === null || !person.active) throw refuse('the token’s person is not active in the directory');
  return { person, tenant: claims.data.tenant, expiresAt: claims.data.exp * 1000 };
}
