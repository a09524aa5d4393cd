/** People's passkeys. People enrol their own; enrolment is sealed; passkeys sign decisions. */
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyRegistrationResponse,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { cose, decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';
import { sha256, toBase64Url, utf8 } from '../canonical/index.ts';
import { CountersignError, type DecisionInput, type Door, type SealedRendering } from '../contract/index.ts';
import {
  challengeOf,
  decisionStatement,
  passkeyBody,
  passkeyChain,
  passkeyChangeOf,
  publicJwk,
  type PasskeyChange,
  type PublicJwk,
} from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { readPayload } from '../engine/life.ts';
import type { PasskeySite } from '../engine/deps.ts';
import { decidedMembers, newestOf } from '../engine/passkey.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import { sealInChain, type ChainEnd, type ChainRecord } from '../engine/chain.ts';
import type { Caller } from '../identity/index.ts';
import type { StoredPasskey } from '../store/index.ts';
import { isOwner, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { DecisionOptions, PasskeyOptions, PasskeyView } from './types.ts';

/** How long to wait for the authenticator, in milliseconds. */
const ANSWER_MS = 300_000;

/** COSE numbers of what the verifier's interface can check: Ed25519 and ECDSA P-256. */
const ALGORITHMS = [-8, -7];

/** Most passkeys of one person. All of them go into the options of every decision, and more would be a mistake. */
const MAX_LIVE = 20;

/** What an authenticator needs to make a passkey for the caller. */
export async function passkeyOptions(deps: GatewayDeps, caller: Caller): Promise<PasskeyOptions> {
  const { site, name } = personAt(deps, caller);
  const mine = await live(deps, caller);
  if (mine.length >= MAX_LIVE) {
    throw new CountersignError('conflict', `you have ${MAX_LIVE} passkeys; revoke one that you do not use any more`);
  }
  const options = await generateRegistrationOptions({
    rpName: 'Countersign',
    rpID: site.rpId,
    userName: caller.id,
    userDisplayName: name,
    // Hashed, so that a reader of the authenticator learns nothing.
    userID: new Uint8Array(sha256(utf8(JSON.stringify([caller.tenant, caller.id])))),
    attestationType: 'none',
    timeout: ANSWER_MS,
    excludeCredentials: mine.map(({ credential, transports }) => ({ id: credential, transports })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
  const expires = new Date(deps.now().getTime() + ANSWER_MS).toISOString();
  await deps.store.passkeys.challenge(caller.tenant, options.challenge, caller.id, expires);
  return options;
}

/**
 * Enrols a passkey. It counts once its record is sealed, and every auditor of the log sees that record.
 *
 * @throws CountersignError `passkey-invalid` · `conflict` when it is enrolled already
 */
export async function enrolPasskey(
  deps: GatewayDeps,
  caller: Caller,
  input: { response: object; name?: string | undefined },
): Promise<PasskeyView> {
  const { site } = personAt(deps, caller);
  const { tenant, id: person } = caller;
  const made = await verified(deps, caller, site, input.response as RegistrationResponseJSON);
  const id = passkeyChain(made.credential);
  const at = deps.now().toISOString();
  const change: PasskeyChange = {
    change: 'introduce',
    use: 'passkey',
    person,
    credential: made.credential,
    kid: made.key.kid,
    key: made.key,
    rpId: site.rpId,
    origin: site.origin,
    counter: made.counter,
    aaguid: made.aaguid,
    name: input.name ?? null,
  };
  const sealed = await sealChange(deps, caller, id, { body: change, after: null, at, reason: null });
  if (sealed.existing) {
    throw new CountersignError('conflict', 'this passkey was brought in before; make another one');
  }
  const passkey: StoredPasskey = {
    tenant,
    id,
    person,
    credential: made.credential,
    record: sealed.hash,
    name: change.name,
    transports: made.transports,
    signCount: made.counter,
    createdAt: at,
    createdBy: person,
    revokedAt: null,
    revokedBy: null,
  };
  await deps.store.passkeys.add(passkey);
  return viewOf(passkey);
}

/** The caller's own passkeys. Auditors and owners see everybody's. */
export async function listPasskeys(deps: GatewayDeps, caller: Caller): Promise<PasskeyView[]> {
  const all = await deps.store.passkeys.list(caller.tenant, mayAudit(caller) ? undefined : caller.id);
  return all.map(viewOf);
}

/** Revokes a passkey, after sealing that. Its person may do so, and an owner when it was lost. */
export async function revokePasskey(deps: GatewayDeps, caller: Caller, id: string, reason: string): Promise<void> {
  const { tenant } = caller;
  const passkey = (await deps.register.current(tenant)).passkeys.get(id);
  if (passkey === undefined || passkey.revokedAt !== null || (passkey.person !== caller.id && !isOwner(caller))) {
    throw new CountersignError('not-found', 'there is no such passkey in use, or it is not yours');
  }
  const change = passkeyChangeOf(passkey.enrolment.record);
  if (change === null) throw new CountersignError('internal', 'a passkey has no record that introduced it');
  const { person, credential, kid } = change;
  const at = deps.now().toISOString();
  await sealChange(deps, caller, id, {
    body: { change: 'revoke', use: 'passkey', person, credential, kid },
    after: { seq: 0, hash: passkey.enrolment.hash },
    at,
    reason,
  });
  await deps.store.passkeys.revoke(tenant, id, caller.id, at);
}

/** The challenge that the caller's authenticator must sign for exactly this decision. */
export async function decisionOptions(
  deps: GatewayDeps,
  caller: Caller,
  state: ActionState,
  input: DecisionInput,
  how: { door: Door; delegation: { id: string; from: string } | null; shown: SealedRendering | null },
): Promise<DecisionOptions> {
  const { site } = personAt(deps, caller);
  const mine = await live(deps, caller);
  if (mine.length === 0) {
    throw new CountersignError('not-found', 'you have no passkey here; bring one in with POST /v1/passkeys/options');
  }
  const { action } = state;
  const payload = await readPayload(deps, action.tenant, action.id);
  if (payload === null) throw new CountersignError('not-open', 'what was asked was erased; nothing is left to decide');
  const decided = decidedMembers(
    state,
    action,
    {
      by: caller.id,
      via: how.door,
      delegation: how.delegation,
      decision: input.decision,
      stage: input.stage ?? null,
      reason: input.reason ?? null,
      changes: input.changes ?? null,
      until: input.until ?? null,
      shown: how.shown,
      responsibility: input.decision === 'approve' ? RESPONSIBILITY : null,
    },
    payload,
  );
  const statement = decisionStatement(decided, newestOf(action));
  const options = await generateAuthenticationOptions({
    rpID: site.rpId,
    challenge: new Uint8Array(challengeOf(statement)),
    allowCredentials: mine.map(({ credential, transports }) => ({ id: credential, transports })),
    userVerification: 'required',
    timeout: ANSWER_MS,
  });
  return { statement, options };
}

function personAt(
  { passkeys, directory }: GatewayDeps,
  { kind, id, tenant }: Caller,
): { site: PasskeySite; name: string } {
  const person = kind === 'person' ? directory.current(tenant).person(id) : null;
  if (person === null || !person.active) {
    throw new CountersignError('forbidden', 'passkeys belong to people of the directory; come with a person’s token');
  }
  if (passkeys === null) {
    throw new CountersignError(
      'unavailable',
      'this stack has no origin that passkeys can be made for; its operator sets COUNTERSIGN_ORIGIN',
    );
  }
  return { site: passkeys, name: person.name };
}

const live = async (deps: GatewayDeps, { tenant, id }: Caller): Promise<StoredPasskey[]> =>
  (await deps.store.passkeys.list(tenant, id)).filter(({ revokedAt }) => revokedAt === null);

interface Made {
  credential: string;
  key: PublicJwk;
  counter: number;
  aaguid: string;
  transports: string[];
}

async function verified(
  deps: GatewayDeps,
  { tenant, id }: Caller,
  { origin, rpId }: PasskeySite,
  response: RegistrationResponseJSON,
): Promise<Made> {
  const take = (challenge: string): Promise<boolean> =>
    deps.store.passkeys.takeChallenge(tenant, challenge, id, deps.now().toISOString());
  const wrong = (why: string, cause?: unknown): CountersignError =>
    new CountersignError('passkey-invalid', `the passkey cannot be taken: ${why}; begin again`, { cause });
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: take,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (registrationInfo === undefined) throw wrong('its attestation does not hold');
    const { credential, aaguid } = registrationInfo;
    const key = jwkOf(new Uint8Array(credential.publicKey));
    if (key === null) throw wrong('its key is neither Ed25519 nor ECDSA P-256');
    const transports = (credential.transports ?? []).filter((one) => /^[a-z-]{1,32}$/.test(one)).slice(0, 8);
    return { credential: credential.id, key, counter: credential.counter, aaguid, transports };
  } catch (error) {
    if (error instanceof CountersignError) throw error;
    throw wrong(error instanceof Error ? error.message : 'it cannot be read', error);
  }
}

/** A COSE key (RFC 9053 section 7) as a JWK. */
function jwkOf(bytes: Uint8Array<ArrayBuffer>): PublicJwk | null {
  const key = decodeCredentialPublicKey(bytes);
  if (cose.isCOSEPublicKeyOKP(key)) {
    const x = key.get(cose.COSEKEYS.x);
    return key.get(cose.COSEKEYS.crv) === cose.COSECRV.ED25519 && x !== undefined
      ? publicJwk({ crv: 'Ed25519', x: toBase64Url(x) })
      : null;
  }
  if (!cose.isCOSEPublicKeyEC2(key)) return null;
  const [x, y] = [key.get(cose.COSEKEYS.x), key.get(cose.COSEKEYS.y)];
  if (key.get(cose.COSEKEYS.crv) !== cose.COSECRV.P256 || x === undefined || y === undefined) return null;
  return publicJwk({ crv: 'P-256', x: toBase64Url(x), y: toBase64Url(y) });
}

/** Seals the enrolment or the revocation of a passkey. */
function sealChange(
  deps: GatewayDeps,
  caller: Caller,
  chain: string,
  change: { body: PasskeyChange; after: ChainEnd | null; at: string; reason: string | null },
): Promise<ChainRecord> {
  const { body, after, at, reason } = change;
  return sealInChain(deps, {
    tenant: caller.tenant,
    type: 'key',
    chain,
    after,
    at,
    by: caller.id,
    reason,
    body: passkeyBody(body),
    facets: { decision: body.change },
  });
}

function viewOf({ id, person, credential, record, name, createdAt, createdBy, revokedAt }: StoredPasskey): PasskeyView {
  return { id, person, credential, record, name, createdAt, createdBy, revokedAt };
}
