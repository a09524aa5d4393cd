/**
 * Records of type `credential`: what a key was made for, and that it ended. `action` is `credential:` and its id. Neither the key nor its hash is in it, because a short key could be guessed from its hash. The record holds a keyed commitment instead.
 */
import { z } from 'zod';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

const PREFIX = 'credential:';
/** `action` of the one record that lists the credentials and delegations from before they were sealed. */
export const ADOPTION_CHAIN = 'credential:adopted';

/**
 * `service`: asks for actions. `reader`: reads the log and its receipts, and nothing else. `provisioner`: keeps the directory by SCIM,
 * and does nothing else. `session`: a person who signed in.
 */
export const CREDENTIAL_KINDS = ['service', 'reader', 'provisioner', 'session'] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

export interface CredentialChange {
  state: 'made' | 'revoked';
  id: string;
  kind: CredentialKind;
  /** Keyed commitment to the hash of the credential, hexadecimal. */
  commitment: string;
  /** Globs of surfaces that it reaches. */
  surfaces: string[];
  /** Exact actor ids it may speak for, or `*`. */
  actors: string[];
  /** Roles and groups of its actors that it vouches for. */
  roles: string[];
  groups: string[];
  /** May say where values of its requests came from; left out where it may not. */
  provenance?: true;
  /** Whom it was made for, in words; null where nobody was named. */
  name: string | null;
  /** RFC 3339; null for one that does not end by itself. */
  expiresAt: string | null;
  /** Of a session: how and when its person proved who they are. */
  session?: SessionProof;
}

/** How a person signed in. */
export interface SessionProof {
  /** Name of the identity provider in the settings; `link` for a link that the stack printed. */
  by: string;
  /** RFC 3339: when they proved it, which may be before they signed in here. */
  provedAt: string;
  /** Of a session that a browser keeps for the console's pages: what is decided with it was decided there. */
  door?: 'console';
}

const texts = z.array(z.string());
const bodySchema = z.looseObject({
  state: z.enum(['made', 'revoked']),
  kind: z.enum(CREDENTIAL_KINDS),
  commitment: z.string().regex(/^[0-9a-f]{64}$/),
  surfaces: texts,
  actors: texts,
  roles: texts,
  groups: texts,
  provenance: z.literal(true).exactOptional(),
  name: z.string().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  session: z
    .strictObject({ by: z.string(), provedAt: z.iso.datetime(), door: z.literal('console').exactOptional() })
    .exactOptional(),
});

/** `action` of the records about a credential. */
export const credentialChain = (id: string): string => PREFIX + id;

/** The body of a record about a credential. */
export function credentialBody({ id: _id, session, ...change }: CredentialChange): OtherRecord['body'] {
  return { ...change, ...(session && { session: { ...session } }) };
}

/** Whether this is the record that lists what was there before. After it, a credential without a record does not count. */
export const isAdoption = ({ type, action }: Pick<RecordPayload, 'type' | 'action'>): boolean =>
  type === 'credential' && action === ADOPTION_CHAIN;

/**
 * What a record says about a credential; null for a record of another kind.
 *
 * @throws EvidenceError `record-malformed`
 */
export function credentialChangeOf(record: RecordPayload): CredentialChange | null {
  if (record.type !== 'credential' || isAdoption(record)) return null;
  const read = bodySchema.safeParse(record.body);
  if (!read.success || !record.action.startsWith(PREFIX)) {
    throw new EvidenceError('record-malformed', 'a credential record does not say what it is for');
  }
  const { state, kind, commitment, surfaces, actors, roles, groups, provenance, name, expiresAt, session } = read.data;
  const id = record.action.slice(PREFIX.length);
  return {
    id,
    name,
    state,
    kind,
    commitment,
    surfaces,
    actors,
    roles,
    groups,
    expiresAt,
    ...(provenance && { provenance }),
    ...(session && { session }),
  };
}
