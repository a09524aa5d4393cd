/** People's sessions. Each is a sealed record; its token is stored as a hash. The directory says at each request what the person may do. */
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import type { NewSession, SessionView } from '../contract/views/index.ts';
import {
  createSessionToken,
  signCompact,
  trustedKeys,
  verifyCompact,
  type Caller,
  type Directory,
  type Person,
  type SignedIn,
} from '../identity/index.ts';
import { isAnew, type Credential } from '../register/index.ts';
import { isOwner } from './access.ts';
import { sealCredential, sealRevocation } from './credentials.ts';
import type { GatewayDeps } from './deps.ts';
import type { Sessions } from './session-types.ts';

const SESSION_MS = 12 * 3_600_000;
const PENDING_S = 600;
const AUDIENCE = 'countersign sign-in';

/** Types (`typ`) of the tokens between two steps of a sign-in, so that none passes for another. */
const PENDING = 'sign-in+jwt';
const CODE = 'login-code+jwt';
const DEVICE = 'device+jwt';

const whoSchema = z.strictObject({
  provider: z.string(),
  tenant: z.string(),
  person: z.string(),
  provedAt: z.number(),
});
const pendingSchema = z.looseObject({
  pending: z.strictObject({
    provider: z.string(),
    state: z.string(),
    nonce: z.string(),
    verifier: z.string(),
    redirectUri: z.string(),
    maxAge: z.number().nullable(),
  }),
  plan: z.strictObject({
    to: z.string(),
    cli: z.strictObject({ port: z.int(), state: z.string(), challenge: z.string() }).nullable(),
  }),
});
const codeSchema = z.looseObject({ jti: z.string(), who: whoSchema, challenge: z.string().nullable() });
const deviceSchema = z.looseObject({ jti: z.string(), provider: z.string(), deviceCode: z.string() });

const wrong = (why: string): CountersignError => new CountersignError('unauthenticated', `${why}; sign in again`);

export function sessions(deps: GatewayDeps): Sessions {
  const trusted = trustedKeys(deps.attestationKeys);
  const carried = async (typ: string, seconds: number, claims: object): Promise<string> => {
    const iat = Math.floor(deps.now().getTime() / 1000);
    const times = { aud: AUDIENCE, iat, exp: iat + seconds, jti: randomUUID() };
    return signCompact(deps.keys.attestation, typ, { ...claims, ...times });
  };
  const brought = async <T>(typ: string, token: string, schema: z.ZodType<T>): Promise<T> => {
    const claims = await verifyCompact(token, trusted, {
      typ,
      audience: AUDIENCE,
      now: deps.now().getTime(),
      code: 'unauthenticated',
      what: 'what was begun here',
      next: 'sign in again',
    });
    const read = schema.safeParse(claims);
    if (!read.success) throw wrong('what was begun here is not what came back');
    return read.data;
  };
  return {
    async beginSignIn(provider, redirectUri, maxAge, plan) {
      const { url, pending } = await deps.signIn.begin(provider, redirectUri, maxAge);
      return { url, pending: await carried(PENDING, PENDING_S, { pending, plan }) };
    },
    async finishSignIn(callback, token) {
      const { pending, plan } = await brought(PENDING, token, pendingSchema);
      return { who: await deps.signIn.finish(callback, pending), plan };
    },
    openSession: (who) => open(deps, who, { once: randomUUID(), door: 'console' }),
    loginCode: (who, challenge, seconds) => carried(CODE, seconds, { who, challenge }),
    async redeemLoginCode(code, verifier) {
      const { jti, who, challenge } = await brought(CODE, code, codeSchema);
      const proof = verifier === undefined ? null : createHash('sha256').update(verifier).digest('base64url');
      if (proof !== challenge) throw wrong('the code was made for somebody else');
      // Only the command line has a verifier; a link opens in a browser.
      return open(deps, who, { once: jti, door: verifier === undefined ? 'console' : null });
    },
    async beginDevice(provider) {
      const { deviceCode, userCode, verificationUri, interval, expiresIn, ...begun } =
        await deps.signIn.beginDevice(provider);
      const device = await carried(DEVICE, expiresIn, { provider: begun.provider, deviceCode });
      return { device, userCode, verificationUri, interval, expiresIn };
    },
    async redeemDevice(device) {
      const { provider, deviceCode, jti } = await brought(DEVICE, device, deviceSchema);
      const who = await deps.signIn.finishDevice(provider, deviceCode);
      return who === null ? null : open(deps, who, { once: jti, door: null });
    },
    async me(caller) {
      const person = caller.kind === 'person' ? deps.directory.current(caller.tenant).person(caller.id) : null;
      const mine = await live(deps, caller);
      const { id, tenant, roles, groups } = caller;
      return {
        kind: caller.kind === 'person' ? 'person' : 'key',
        id,
        tenant,
        name: person?.name ?? null,
        roles,
        groups,
        session: mine.map((one) => viewOf(one, caller)).find(({ current }) => current) ?? null,
      };
    },
    sessions: async (caller) => (await live(deps, caller)).map((one) => viewOf(one, caller)),
    async endSession(caller, id) {
      const wanted = id === 'current' ? (caller.session?.id ?? '') : id;
      const session = (await live(deps, caller)).find((one) => one.id === wanted);
      if (session === undefined) throw new CountersignError('not-found', 'there is no live session of that id');
      const at = deps.now().toISOString();
      await sealRevocation(deps, session, { tenant: caller.tenant, by: caller.id, reason: null, at });
    },
  };
}

/** Live sessions that the caller may see and end. */
async function live(deps: GatewayDeps, caller: Caller): Promise<Credential[]> {
  const { credentials } = await deps.register.current(caller.tenant);
  const now = deps.now().toISOString();
  return [...credentials.values()].filter(
    ({ kind, revokedAt, expiresAt, actors }) =>
      kind === 'session' &&
      revokedAt === null &&
      (expiresAt ?? '') > now &&
      (isOwner(caller) || actors.includes(caller.id)),
  );
}

function viewOf({ id, actors: [person = ''], session, createdAt, expiresAt }: Credential, caller: Caller): SessionView {
  const { by = '', provedAt = createdAt } = session ?? {};
  return { id, person, by, provedAt, createdAt, expiresAt: expiresAt ?? createdAt, current: caller.session?.id === id };
}

/** The person that a provider names. Capitals do not matter in ASCII names; nothing else is folded. */
export function meant(directory: Directory, id: string): Person | null {
  const exact = directory.person(id);
  return exact !== null || !/^[\x21-\x7e]+$/.test(id) ? exact : directory.person(id.toLowerCase());
}

/** @param how with `once`, the session's id is derived from it, so that it opens one session only */
async function open(
  deps: GatewayDeps,
  who: SignedIn,
  { once, door }: { once: string; door: 'console' | null },
): Promise<NewSession> {
  const { tenant, provider: by } = who;
  if (!(await deps.register.hasTenant(tenant))) throw wrong('there is no such tenant');
  const person = meant(await deps.directory.fresh(tenant), who.person);
  if (person?.active !== true) throw wrong(`\`${who.person}\` is not an active person of the directory`);
  const stopped = (await deps.register.current(tenant)).stopped.get(person.id);
  const provided = deps.signIn.providers.includes(by);
  if (stopped !== undefined && !(provided && isAnew(new Date(who.provedAt).toISOString(), stopped)))
    throw wrong('your identity provider ended your sessions, so prove anew who you are (/sign-in?max_age=0)');
  const now = deps.now();
  const createdAt = now.toISOString();
  const expiresAt = new Date(now.getTime() + SESSION_MS).toISOString();
  const provedAt = new Date(who.provedAt).toISOString();
  const id = createHash('sha256').update(once).digest('hex').slice(0, 24);
  const { token, entry } = createSessionToken(id, tenant, person.id);
  const sealed = await sealCredential(deps, {
    entry,
    kind: 'session',
    name: null,
    expiresAt,
    by: person.id,
    reason: null,
    at: createdAt,
    session: { by, provedAt, ...(door === null ? {} : { door }) },
  });
  if (sealed.existing) throw wrong('what opens one session was used already');
  await deps.store.sessions.create({ hash: entry.hash, tenant, id, expiresAt });
  await deps.store.sessions.prune(createdAt);
  return { id, person: person.id, by, provedAt, createdAt, expiresAt, token };
}
