/** What the gateway offers to SCIM. */
import type { ErrorCode } from '../contract/index.ts';
import type { NewReadToken, ReadTokenView } from '../contract/views/index.ts';
import type { Caller, ProvisionedGroup, ProvisionedUser } from '../identity/index.ts';
import type { GroupInForce, UserInForce } from '../register/index.ts';

/** What a token bound to one purpose is made for. */
export interface ReadTokenInput {
  /** Whom it is for, in words. */
  for: string;
  /** Days until it expires, from 1 to 92. */
  days: number;
  /** Of a read token: globs of the surfaces whose records it reads. Left out, it reads the whole log. */
  surfaces?: string[] | undefined;
}

/** The part of the directory that an identity provider maintains, by SCIM. */
export interface Provisioning {
  /** Makes a token for an identity provider; `token` is shown this once. */
  makeScimToken(caller: Caller, input: ReadTokenInput): Promise<NewReadToken>;
  scimTokens(caller: Caller): Promise<ReadTokenView[]>;
  revokeScimToken(caller: Caller, id: string): Promise<void>;
  /** @throws CountersignError `unauthenticated`; `forbidden` for every other credential */
  authenticateProvisioner(authorization: string | undefined): Promise<Caller>;
  provisioned(caller: Caller): Promise<ProvisionedNow>;
  /**
   * Seals a change of a person, unless nothing changes.
   *
   * @param id null for a new one
   * @param change the new user, made from the current one; null deletes them. It is called again after a concurrent change.
   * @throws CountersignError `not-found`; `conflict` for a user name that another one has; `invalid-request`
   */
  changeUser(
    caller: Caller,
    id: string | null,
    change: (now: UserInForce | null) => Promise<UserContent | null>,
  ): Promise<UserInForce | null>;
  /** As `changeUser`, for a group. */
  changeGroup(
    caller: Caller,
    id: string | null,
    change: (now: GroupInForce | null) => Promise<GroupContent | null>,
  ): Promise<GroupInForce | null>;
  /** Alarms about a failed provisioning request, because somebody may still be an approver who should not be. Never throws. */
  provisioningFailed(caller: Caller | null, failure: ProvisioningFailure): Promise<void>;
}

export interface ProvisionedNow {
  users: ReadonlyMap<string, UserInForce>;
  groups: ReadonlyMap<string, GroupInForce>;
}

export type UserContent = Omit<ProvisionedUser, 'id'>;
export type GroupContent = Omit<ProvisionedGroup, 'id'>;

export interface ProvisioningFailure {
  /** Such as `PATCH /scim/v2/Users/…`. */
  request: string;
  code: ErrorCode;
  detail: string;
}
