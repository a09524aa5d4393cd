/** Turns what a caller presents into who they are. */
import { decodeProtectedHeader } from 'jose';
import { CountersignError } from '../contract/index.ts';
import { findApiKey, type ApiKeyEntry, type ApiKeyFinder } from './api-keys.ts';
import type { Caller } from './caller.ts';
import type { Directory, Person } from './directory.ts';
import type { Issuers } from './issuers.ts';
import type { DirectorySource } from './watch.ts';
import { isCompact, trustedKeys, type PublicKeys } from './jws.ts';
import { PERSON_TOKEN_TYP, verifyPersonToken } from './person-tokens.ts';

/** Characters of the longest accepted token. */
const TOKEN_MAX_LENGTH = 8192;

export interface AuthenticatorDeps {
  apiKeys: ApiKeyFinder;
  directory: DirectorySource;
  /** Public halves of the stack's attestation keys, read each time, so that a rotation counts immediately. */
  attestationKeys: () => PublicKeys;
  /** The owner's own issuers of tokens; left out where there are none. */
  issuers?: Issuers | undefined;
  /** Whether there is such a tenant. */
  hasTenant(name: string): Promise<boolean>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * @returns A function from an `Authorization` header (`Bearer …`) or a bare token to the caller.
 * @throws CountersignError `unauthenticated` when nothing valid was presented.
 */
export function createAuthenticator(deps: AuthenticatorDeps): (presented: string | undefined) => Promise<Caller> {
  const trusted = trustedKeys(deps.attestationKeys);
  return async (presented) => {
    const token = bearer(presented);
    if (isPersonToken(token)) {
      const directoryOf = async (name: string): Promise<Directory> => {
        if (await deps.hasTenant(name)) return deps.directory.fresh(name);
        throw new CountersignError(
          'unauthenticated',
          'the token is for a tenant that does not exist; name one that `countersign tenant list` lists',
        );
      };
      const { person, tenant } = await verifyPersonToken(token, trusted, directoryOf, deps.now());
      checkNotStopped(deps.directory.current(tenant), person.id);
      return callerOf(person, tenant);
    }
    const issued = (await deps.issuers?.callerOf(token)) ?? null;
    if (issued !== null) {
      if (await deps.hasTenant(issued.tenant)) return issued;
      throw new CountersignError(
        'unauthenticated',
        'the token is for a tenant that does not exist; let its issuer name one that does',
      );
    }
    const key = await findApiKey(deps.apiKeys, token);
    if (key === null) {
      throw new CountersignError(
        'unauthenticated',
        'the API key is not known, or was revoked; use a key that the stack printed or made',
      );
    }
    const { id, tenant, surfaces, actors, roles, groups, provenance } = key;
    if (key.kind === 'session') return signedIn(key, await deps.directory.fresh(tenant));
    const kind = key.kind === undefined || key.kind === 'service' ? 'key' : key.kind;
    return {
      kind,
      id: `key:${id}`,
      tenant,
      surfaces,
      actors,
      roles,
      groups,
      ...(provenance === undefined ? {} : { provenance }),
    };
  };
}

/** @throws CountersignError `unauthenticated` */
function checkNotStopped(directory: Directory, person: string): void {
  if (!directory.stopped(person)) return;
  throw new CountersignError(
    'unauthenticated',
    'your identity provider ended your sessions; sign in anew (`countersign login`, or /sign-in?max_age=0)',
  );
}

const callerOf = ({ id, roles, groups }: Person, tenant: string): Caller => ({
  kind: 'person',
  id,
  tenant,
  surfaces: ['**'],
  actors: [id],
  roles: [...roles],
  groups: [...groups],
});

/** A session's person as the directory has them now: roles are never kept with it. */
function signedIn({ id, tenant, actors: [name = ''], provedAt = '', door }: ApiKeyEntry, directory: Directory): Caller {
  const person = directory.person(name);
  checkNotStopped(directory, name);
  if (person?.active !== true) {
    throw new CountersignError(
      'unauthenticated',
      'the session’s person is not active in the directory; ask who keeps it',
    );
  }
  return { ...callerOf(person, tenant), session: { id, provedAt, ...(door === undefined ? {} : { door }) } };
}

function bearer(presented: string | undefined): string {
  const token = (presented ?? '').replace(/^Bearer +/i, '').trim();
  if (token === '') {
    throw new CountersignError(
      'unauthenticated',
      'no token was presented; send `Authorization: Bearer` with an API key or a person’s token',
    );
  }
  if (token.length > TOKEN_MAX_LENGTH || /\s/.test(token)) {
    throw new CountersignError(
      'unauthenticated',
      'the token is not well formed; send `Authorization: Bearer` and the token alone',
    );
  }
  return token;
}

function isPersonToken(token: string): boolean {
  if (!isCompact(token)) return false;
  try {
    return decodeProtectedHeader(token).typ === PERSON_TOKEN_TYP;
  } catch {
    // It is not a JWS, but it may be an API key.
    return false;
  }
}
