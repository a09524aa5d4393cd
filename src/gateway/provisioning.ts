/** The part of the directory that an identity provider maintains. Every change is a sealed record; rows alone make nobody an approver. */
import { UNKNOWN_CALLER } from '../contract/engine-names.ts';
import { randomUUID } from 'node:crypto';
import { CountersignError, DEFAULT_TENANT, faultOfActorId } from '../contract/index.ts';
import { sealInChain, type ChainEnd } from '../engine/chain.ts';
import { personIdOf, sameUser, type Caller } from '../identity/index.ts';
import type { GroupInForce, UserInForce } from '../register/index.ts';
import { directoryBody, directoryChain, type DirectoryChange } from '../sealing/index.ts';
import { revokeApiKey } from './api-keys.ts';
import type { GatewayDeps } from './deps.ts';
import { listBoundTokens, makeBoundToken } from './read-tokens.ts';
import type { GroupContent, Provisioning, UserContent } from './provisioning-types.ts';

/** How often to retry a change when somebody else changed the same person or group meanwhile. */
const TRIES = 8;
/** Members that one record names: an entry of the log has 64 KiB. */
const MEMBERS_A_RECORD = 500;
/** Most characters of a text that the identity provider chooses. */
const TEXT_MAX = 512;

/** The same failure is alarmed once in this time, in milliseconds: providers retry, and so do attackers who guess. */
const TOLD_MS = 60_000;

/** True for the first time in a while, so that a repeated failure alarms only once. */
function onceAWhile(now: () => Date): (what: string) => boolean {
  const alarmedAt = new Map<string, number>();
  return (what) => {
    const at = now().getTime();
    if (at - (alarmedAt.get(what) ?? -Infinity) < TOLD_MS) return false;
    if (alarmedAt.size > 1000) alarmedAt.clear();
    alarmedAt.set(what, at);
    return true;
  };
}

export const provisioning = (deps: GatewayDeps): Provisioning => ({
  ...changes(deps),
  ...failures(deps),
  makeScimToken: (caller, input) => makeBoundToken(deps, caller, 'provisioner', input),
  scimTokens: (caller) => listBoundTokens(deps, caller, 'provisioner'),
  revokeScimToken: (caller, id) => revokeApiKey(deps, caller, id),

  async authenticateProvisioner(authorization) {
    const caller = await deps.authenticate(authorization);
    if (caller.kind === 'provisioner') return caller;
    throw new CountersignError(
      'forbidden',
      'SCIM has tokens of its own; make one with `countersign scim-token create`',
    );
  },

  provisioned: async ({ tenant }) => deps.register.current(tenant),
});

const changes = (deps: GatewayDeps): Pick<Provisioning, 'changeUser' | 'changeGroup'> => ({
  changeUser: (caller, id, change) =>
    insist(async () => {
      const { users } = await deps.register.current(caller.tenant);
      const now = existing(users, id);
      const content = await change(now);
      if (content === null) {
        if (now === null) return null;
        const deleted = { ...userChange(now), state: 'deleted' as const, active: false };
        return (await seal(deps, caller, now, deleted)) ? null : undefined;
      }
      checkUser(content);
      const twin = [...users.values()].find((user) => user.id !== id && sameUser(user.userName, content.userName));
      if (twin !== undefined) throw new CountersignError('conflict', 'there is a user of that name already');
      if (now !== null && sameUserContent(now, content)) return now;
      const next = { id: now?.id ?? randomUUID(), ...content };
      if (!(await seal(deps, caller, now, { ...userChange(next), state: 'kept' }))) return undefined;
      return existing((await deps.register.current(caller.tenant)).users, next.id);
    }),

  changeGroup: (caller, id, change) =>
    insist(async () => {
      const { groups } = await deps.register.current(caller.tenant);
      const now = existing(groups, id);
      const content = await change(now);
      if (content === null) {
        if (now === null) return null;
        const deleted = { ...groupChange(now, [], []), state: 'deleted' as const };
        return (await seal(deps, caller, now, deleted)) ? null : undefined;
      }
      checkGroup(content);
      const twin = [...groups.values()].find((group) => group.id !== id && group.name === content.name);
      if (twin !== undefined) throw new CountersignError('conflict', 'there is a group of that name already');
      const next = { id: now?.id ?? randomUUID(), ...content };
      return (await sealGroup(deps, caller, now, next))
        ? existing((await deps.register.current(caller.tenant)).groups, next.id)
        : undefined;
    }),
});

function failures(deps: GatewayDeps): Pick<Provisioning, 'provisioningFailed'> {
  const now = onceAWhile(deps.now);
  return {
    async provisioningFailed(caller, { request, code, detail }) {
      const tenant = caller?.tenant ?? DEFAULT_TENANT;
      const by = caller?.id ?? UNKNOWN_CALLER;
      const text =
        'a provisioning request failed, so the directory may be out of date; see why, and let the provider try again';
      try {
        const at = deps.now().toISOString();
        await deps.store.attempts.add({ tenant, action: '', by, door: 'scim', code, at });
      } catch (error) {
        deps.log.error({ err: error }, 'a failed provisioning request could not be kept');
      }
      if (now(`${tenant} ${by} ${code}`))
        await deps.alarm({ tenant, type: 'directory.failed', text, data: { request, code, detail, by } });
    },
  };
}

/** The current user or group that a change is about. @throws CountersignError `not-found` */
function existing<T>(all: ReadonlyMap<string, T>, id: string | null): T | null {
  if (id === null) return null;
  const known = all.get(id);
  if (known === undefined) throw new CountersignError('not-found', 'there is no such resource');
  return known;
}

/** Retries while `work` returns undefined, which means that somebody else was faster. */
async function insist<T>(work: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const done = await work();
    if (done !== undefined) return done;
  }
  throw new CountersignError('unavailable', 'others keep changing it; try again');
}

const userChange = ({
  id,
  userName,
  externalId,
  name,
  email,
  roles,
  manager,
  active,
}: UserContent & { id: string }) => ({
  what: 'user' as const,
  id,
  userName,
  externalId,
  name,
  email,
  roles: [...roles],
  manager,
  active,
});

const groupChange = (
  { id, name, externalId }: Pick<GroupInForce, 'id' | 'name' | 'externalId'>,
  joined: string[],
  left: string[],
) => ({ what: 'group' as const, id, name, externalId, joined, left });

const sameUserContent = (now: UserInForce, content: UserContent): boolean =>
  JSON.stringify(userChange(now)) === JSON.stringify(userChange({ ...content, id: now.id }));

/** @returns whether it was sealed: not where somebody else was faster. */
async function seal(
  deps: GatewayDeps,
  { tenant, id: by }: Caller,
  now: { seq: number; record: string } | null,
  change: DirectoryChange,
): Promise<ChainEnd | null> {
  const after = now === null ? null : { seq: now.seq, hash: now.record };
  const sealed = await sealInChain(deps, {
    tenant,
    type: 'directory',
    chain: directoryChain(change.what, change.id),
    after,
    by,
    reason: null,
    at: deps.now().toISOString(),
    body: directoryBody(change),
    facets: { decision: change.state },
  });
  return sealed.existing ? null : { seq: (after?.seq ?? -1) + 1, hash: sealed.hash };
}

/** In as many records as its members need. */
async function sealGroup(
  deps: GatewayDeps,
  caller: Caller,
  now: GroupInForce | null,
  next: GroupContent & { id: string },
): Promise<boolean> {
  const [before, after] = [new Set(now?.members), new Set(next.members)];
  const joined = [...after].filter((member) => !before.has(member));
  const left = [...before].filter((member) => !after.has(member));
  const same = now !== null && now.name === next.name && now.externalId === next.externalId;
  if (same && joined.length === 0 && left.length === 0) return true;
  let end: { seq: number; record: string } | null = now;
  do {
    // Removals come first, so that nobody stays in a group longer than necessary.
    const leaving = left.splice(0, MEMBERS_A_RECORD);
    const joining = joined.splice(0, MEMBERS_A_RECORD - leaving.length);
    const sealed = await seal(deps, caller, end, { ...groupChange(next, joining, leaving), state: 'kept' });
    if (sealed === null) return false;
    end = { seq: sealed.seq, record: sealed.hash };
  } while (joined.length > 0 || left.length > 0);
  return true;
}

function checkUser(content: UserContent): void {
  const { userName, externalId, name, email, manager, roles } = content;
  const fault = faultOfActorId(personIdOf(content));
  if (fault !== null) throw new CountersignError('invalid-request', `\`userName\`: ${fault}`);
  for (const text of [userName, externalId, name, email, manager, ...roles]) checkText(text);
  checkLabels(roles);
}

function checkGroup({ name, externalId, members }: GroupContent): void {
  for (const text of [name, externalId, ...members]) checkText(text);
  checkLabels([name]);
}

function checkText(text: string | null): void {
  if (text === null || (text !== '' && text.length <= TEXT_MAX)) return;
  throw new CountersignError('invalid-request', `a text has from 1 to ${TEXT_MAX} characters`);
}

/** `*` means any role or group, and is the name of none. */
function checkLabels(labels: readonly string[]): void {
  if (labels.includes('*') || labels.length > 100)
    throw new CountersignError('invalid-request', 'a role or group is called `*`, or there are more than 100');
}
