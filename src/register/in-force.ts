/**
 * What is in force in a tenant: all that grants or stops something, by the records of its log. Pure; values are replaced, never mutated.
 */
import {
  foldId,
  type DecisionRecord,
  type OtherRecord,
  type RecordPayload,
  type StandingRefusal,
} from '../contract/index.ts';
import {
  credentialChangeOf,
  delegationChangeOf,
  directoryChangeOf,
  freezeChangeOf,
  grantChangeOf,
  isAboutPasskey,
  isAdoption,
  passkeyChangeOf,
  tenantChangeOf,
  type CredentialChange,
  type FreezeScope,
  type GrantChange,
} from '../sealing/index.ts';
import { drillsAfter, type DrillInForce } from './drills-in-force.ts';
import type { Delegation } from '../identity/delegations.ts';
import { personIdOf, type ProvisionedGroup, type ProvisionedUser } from '../identity/provisioned.ts';

export interface FreezeInForce {
  id: string;
  scope: FreezeScope;
  /** The surface or actor; null for the whole tenant. */
  value: string | null;
  reason: string;
  by: string;
  at: string;
}

/** A credential, with the hash of the record that created it. */
export type Credential = Omit<CredentialChange, 'state'> & {
  record: string;
  createdAt: string;
  revokedAt: string | null;
};

export type DelegationInForce = Delegation & { record: string };

/** A standing approval, with the record that says that it was given. */
export type GrantInForce = Omit<GrantChange, 'state'> & { record: string; at: string; revokedAt: string | null };

/** The record that the next one about it follows, and when it was created and last changed. */
interface Followed {
  seq: number;
  record: string;
  createdAt: string;
  changedAt: string;
}

export type UserInForce = ProvisionedUser & Followed;
export type GroupInForce = ProvisionedGroup & Followed;

/** A passkey, with the record that introduced it. */
export interface PasskeyInForce {
  id: string;
  person: string;
  credential: string;
  enrolment: { hash: string; record: RecordPayload };
  revokedAt: string | null;
}

/** A human's refusal that ended an override. */
export interface HumanRefusal {
  action: string;
  /** Hash of the decision's record. */
  record: string;
  by: string;
  at: string;
  reason: string | null;
  stands: readonly StandingRefusal[];
}

/** A bundle that came into force. */
export interface Activation {
  bundle: string;
  /** The action that released it; null for the bundle of a first start. */
  action: string | null;
  by: string;
  at: string;
  seq: number;
  /** Hash of the record that says so. */
  record: string;
}

export interface InForce {
  freezes: ReadonlyMap<string, FreezeInForce>;
  /** Ids of lifted freezes. They stay lifted, whatever their rows say. */
  lifted: ReadonlySet<string>;
  /** All delegations, revoked ones too. Expired ones are dropped when the next one is given. */
  delegations: ReadonlyMap<string, DelegationInForce>;
  /** Standing approvals by id, revoked ones too. Expired ones are dropped when the next one is given. */
  grants: ReadonlyMap<string, GrantInForce>;
  /** By the hash of the record that planted each, ended ones too. */
  drills: ReadonlyMap<string, DrillInForce>;
  /** By id, revoked ones too. */
  credentials: ReadonlyMap<string, Credential>;
  /** By id (`passkey:…`), revoked ones too. */
  passkeys: ReadonlyMap<string, PasskeyInForce>;
  /** Oldest first. Those that no longer stand are dropped when the next one is added. */
  refusals: readonly HumanRefusal[];
  /** In the order in which they came into force; the last one is in force. */
  activations: readonly Activation[];
  /** Tenants by name, with the record that created each and when. Filled in the stack's own tenant only. */
  tenants: ReadonlyMap<string, { record: string; at: string }>;
  /** People and groups that an identity provider keeps, by SCIM id. */
  users: ReadonlyMap<string, UserInForce>;
  groups: ReadonlyMap<string, GroupInForce>;
  /** User names of those that it deleted. */
  gone: readonly string[];
  /** People whom a security event stopped, until they sign in anew: when, by directory id. */
  stopped: ReadonlyMap<string, string>;
  /** The newest security event about each person, also if they signed in since. Their earlier approvals are in doubt. */
  doubted: ReadonlyMap<string, string>;
  /** True once grants from before such records existed were sealed. From then on, nothing counts without a record. */
  adopted: boolean;
}

export const NOTHING_IN_FORCE: InForce = {
  freezes: new Map(),
  lifted: new Set(),
  delegations: new Map(),
  grants: new Map(),
  drills: new Map(),
  credentials: new Map(),
  passkeys: new Map(),
  refusals: [],
  activations: [],
  tenants: new Map(),
  users: new Map(),
  groups: new Map(),
  gone: [],
  stopped: new Map(),
  doubted: new Map(),
  adopted: false,
};

const TYPES: readonly RecordPayload['type'][] = [
  'policy',
  'freeze',
  'key',
  'delegation',
  'grant',
  'drill',
  'credential',
  'tenant',
  'directory',
];

/** Whether a record may change what is in force. */
export const concerns = (record: RecordPayload): boolean =>
  TYPES.includes(record.type) || (record.type === 'decision' && record.stands !== undefined);

const having = <V>(map: ReadonlyMap<string, V>, key: string, value: V): Map<string, V> => new Map(map).set(key, value);

function without<V>(map: ReadonlyMap<string, V>, key: string): Map<string, V> {
  const left = new Map(map);
  left.delete(key);
  return left;
}

/**
 * What is in force after a record.
 *
 * @param record a record of the log whose signature was checked
 * @throws EvidenceError when it does not have the form of its kind
 */
export function after(inForce: InForce, record: RecordPayload, hash: string): InForce {
  switch (record.type) {
    case 'freeze':
      return afterFreeze(inForce, record);
    case 'policy':
      return afterActivation(inForce, record, hash);
    case 'decision':
      return afterRefusal(inForce, record, hash);
    case 'delegation':
      return afterDelegation(inForce, record, hash);
    case 'grant':
      return afterGrant(inForce, record, hash);
    case 'drill':
      return { ...inForce, drills: drillsAfter(inForce.drills, record, hash) };
    case 'credential':
      return isAdoption(record) ? { ...inForce, adopted: true } : afterCredential(inForce, record, hash);
    case 'tenant':
      return afterTenant(inForce, record, hash);
    case 'directory':
      return afterDirectory(inForce, record, hash);
    case 'key':
      return isAboutPasskey(record) ? afterPasskey(inForce, record, hash) : inForce;
    default:
      return inForce;
  }
}

function afterFreeze(inForce: InForce, record: OtherRecord): InForce {
  const change = freezeChangeOf(record);
  if (change === null) return inForce;
  const { id, scope, value, state } = change;
  if (state === 'lifted') {
    return { ...inForce, freezes: without(inForce.freezes, id), lifted: new Set(inForce.lifted).add(id) };
  }
  // A freeze may be lifted before it could be sealed. Once lifted, it stays lifted.
  if (inForce.lifted.has(id)) return inForce;
  const freeze = { id, scope, value, reason: record.reason ?? '', by: record.by ?? '', at: record.at };
  return { ...inForce, freezes: having(inForce.freezes, id, freeze) };
}

function afterActivation(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const { bundle, action } = record.body;
  const { activations } = inForce;
  if (typeof bundle !== 'string' || record.seq !== activations.length) return inForce;
  const activation: Activation = {
    bundle,
    action: typeof action === 'string' ? action : null,
    by: record.by ?? '',
    at: record.at,
    seq: record.seq,
    record: hash,
  };
  return { ...inForce, activations: [...activations, activation] };
}

function afterRefusal(inForce: InForce, record: DecisionRecord, hash: string): InForce {
  const { stands, action, by, at, reason } = record;
  if (stands === undefined || stands.length === 0) return inForce;
  const standing = inForce.refusals.filter((one) => one.stands.some(({ until }) => until > at));
  return { ...inForce, refusals: [...standing, { action, record: hash, by, at, reason, stands }] };
}

function afterDelegation(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const change = delegationChangeOf(record);
  if (change === null) return inForce;
  const { id, from, to, surfaces, startsAt, endsAt, state } = change;
  const known = inForce.delegations.get(id);
  const at = Date.parse(record.at);
  if (state === 'revoked') {
    if (known === undefined || known.revokedAt !== null) return inForce;
    return { ...inForce, delegations: having(inForce.delegations, id, { ...known, revokedAt: at }) };
  }
  if (known !== undefined) return inForce;
  const given: DelegationInForce = {
    id,
    tenant: record.tenant,
    from,
    to,
    surfaces,
    record: hash,
    startsAt: Date.parse(startsAt),
    endsAt: Date.parse(endsAt),
    revokedAt: null,
  };
  // Drop expired delegations, or they would pile up for ever.
  const open = [...inForce.delegations].filter(([, { endsAt: end }]) => end > at);
  return { ...inForce, delegations: new Map([...open, [id, given]]) };
}

function afterGrant(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const change = grantChangeOf(record);
  if (change === null) return inForce;
  const { state, ...grant } = change;
  const known = inForce.grants.get(grant.id);
  if (state === 'revoked') {
    if (known === undefined || known.revokedAt !== null) return inForce;
    return { ...inForce, grants: having(inForce.grants, grant.id, { ...known, revokedAt: record.at }) };
  }
  // Nobody delegates in another's name.
  if (known !== undefined || record.by !== grant.by) return inForce;
  const open = [...inForce.grants].filter(([, { until }]) => until > record.at);
  const given = { ...grant, record: hash, at: record.at, revokedAt: null };
  return { ...inForce, grants: new Map([...open, [grant.id, given]]) };
}

function afterCredential(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const change = credentialChangeOf(record);
  if (change === null) return inForce;
  const { state, ...made } = change;
  const known = inForce.credentials.get(made.id);
  if (state === 'revoked') {
    if (known === undefined || known.revokedAt !== null) return inForce;
    return { ...inForce, credentials: having(inForce.credentials, made.id, { ...known, revokedAt: record.at }) };
  }
  if (known !== undefined) return inForce;
  const credential = { ...made, record: hash, createdAt: record.at, revokedAt: null };
  // Sessions end in hours; they would pile up for ever.
  const open = made.kind === 'session' ? withoutEnded(inForce.credentials, record.at) : inForce.credentials;
  return { ...inForce, ...cleared(inForce, credential), credentials: having(open, made.id, credential) };
}

/** Whether a person signed in since they were stopped. Providers count in seconds. */
export const isAnew = (provedAt: string, stoppedAt: string): boolean =>
  Date.parse(provedAt) + 1000 > Date.parse(stoppedAt);

/** A session by a provider that proved its person anew lifts the stop. */
function cleared(inForce: InForce, { kind, actors, session }: Credential): Partial<InForce> {
  const [person = ''] = actors;
  const at = inForce.stopped.get(person);
  if (kind !== 'session' || at === undefined || session === undefined || !isAnew(session.provedAt, at)) return {};
  return { stopped: without(inForce.stopped, person) };
}

function afterSignal(inForce: InForce, person: string, at: string): InForce {
  const credentials = withoutSessionsOf(inForce, person, at);
  const [stopped, doubted] = [having(inForce.stopped, person, at), having(inForce.doubted, person, at)];
  return { ...inForce, credentials, stopped, doubted };
}

/** The person's sessions end, however the id is spelled. */
function withoutSessionsOf({ credentials }: InForce, person: string, at: string): InForce['credentials'] {
  const folded = foldId(person);
  const isTheirs = ({ kind, revokedAt, actors }: Credential): boolean =>
    kind === 'session' && revokedAt === null && actors.some((actor) => foldId(actor) === folded);
  return new Map([...credentials].map(([id, one]) => [id, isTheirs(one) ? { ...one, revokedAt: at } : one]));
}

const withoutEnded = (credentials: InForce['credentials'], at: string): InForce['credentials'] =>
  new Map(
    [...credentials].filter(
      ([, { kind, revokedAt, expiresAt }]) =>
        kind !== 'session' || (revokedAt === null && expiresAt !== null && expiresAt > at),
    ),
  );

function afterTenant(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const change = tenantChangeOf(record);
  if (change === null || inForce.tenants.has(change.name)) return inForce;
  return { ...inForce, tenants: having(inForce.tenants, change.name, { record: hash, at: record.at }) };
}

function afterPasskey(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const change = passkeyChangeOf(record);
  if (change === null) return inForce;
  const id = record.action;
  const known = inForce.passkeys.get(id);
  if (change.change === 'revoke') {
    if (known === undefined) return inForce;
    return { ...inForce, passkeys: having(inForce.passkeys, id, { ...known, revokedAt: record.at }) };
  }
  if (known !== undefined) return inForce;
  const { person, credential } = change;
  const passkey: PasskeyInForce = { id, person, credential, enrolment: { hash, record }, revokedAt: null };
  return { ...inForce, passkeys: having(inForce.passkeys, id, passkey) };
}

function afterDirectory(inForce: InForce, record: OtherRecord, hash: string): InForce {
  const change = directoryChangeOf(record);
  if (change === null) return inForce;
  if (change.what === 'signal') return afterSignal(inForce, change.person, record.at);
  const { id } = change;
  const known = change.what === 'user' ? inForce.users.get(id) : inForce.groups.get(id);
  // A deleted person does not come back under the same id, and a record that does not follow the newest one does not count.
  if (record.seq !== (known === undefined ? 0 : known.seq + 1)) return inForce;
  const createdAt = known?.createdAt ?? record.at;
  const followed = { seq: record.seq, record: hash, createdAt, changedAt: record.at };
  if (change.what === 'group') {
    if (change.state === 'deleted') return { ...inForce, groups: without(inForce.groups, id) };
    const { name, externalId, joined, left } = change;
    const before = inForce.groups.get(id)?.members ?? [];
    const members = [...new Set([...before.filter((member) => !left.includes(member)), ...joined])];
    return { ...inForce, groups: having(inForce.groups, id, { id, name, externalId, members, ...followed }) };
  }
  const { userName, externalId, name, email, roles, manager, active } = change;
  // Somebody who comes back later signs in anew.
  const stayed = active && change.state !== 'deleted';
  const credentials = stayed ? inForce.credentials : withoutSessionsOf(inForce, personIdOf(change), record.at);
  if (change.state === 'deleted') {
    const gone = [...new Set([...inForce.gone, userName])];
    return { ...inForce, users: without(inForce.users, id), gone, credentials };
  }
  const user = { id, userName, externalId, name, email, roles, manager, active, ...followed };
  const gone = inForce.gone.filter((other) => other !== userName);
  return { ...inForce, users: having(inForce.users, id, user), gone, credentials };
}
