/** People and groups that an identity provider maintains by SCIM, and their union with the directory's file. Pure. */
import { foldId } from '../contract/index.ts';
import { Directory, type Person } from './directory.ts';

/** A person, according to the identity provider. */
export interface ProvisionedUser {
  /** SCIM `id`: ours, never used twice. */
  id: string;
  /** Lower case; with `user:` before it the directory id. */
  userName: string;
  externalId: string | null;
  name: string | null;
  email: string | null;
  roles: readonly string[];
  /** Whom it names as manager: a SCIM id, or a user name. */
  manager: string | null;
  active: boolean;
}

export interface ProvisionedGroup {
  id: string;
  /** What policies call `group:…`. */
  name: string;
  externalId: string | null;
  /** SCIM ids. */
  members: readonly string[];
}

/** Everything that providers said about people, by sealed records. */
export interface Provided {
  users: readonly ProvisionedUser[];
  groups: readonly ProvisionedGroup[];
  /** User names of people whom the provider deleted. */
  gone: readonly string[];
  /** Directory ids of people who have to sign in anew. */
  stopped: readonly string[];
}

/** The name of a person who is provisioned. */
export const personIdOf = ({ userName }: Pick<ProvisionedUser, 'userName'>): string => `user:${userName}`;

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

/**
 * The union of a directory's file and what is provisioned. For a person in both, name, address and manager come from the
 * provider, roles and groups from both, the identities in Slack and Teams from the file, and they are active only if both say so. A person
 * whom the provider deleted has left.
 *
 */
export function withProvisioned(file: Directory, { users, groups, gone, stopped }: Provided): Directory {
  if (users.length === 0 && gone.length === 0 && stopped.length === 0) return file;
  const byId = new Map(users.map((user) => [user.id, user]));
  const byName = new Map(
    users.flatMap((user) => [user.userName, user.externalId].map((name) => [name, user] as const)),
  );
  const groupsOf = new Map<string, string[]>();
  for (const { name, members } of groups)
    for (const member of members) groupsOf.set(member, [...(groupsOf.get(member) ?? []), name]);
  const spelled = (id: string): string => file.otherSpelling(id) ?? id;
  const managerOf = (named: string): string | null => {
    const user = byId.get(named) ?? byName.get(named.toLowerCase()) ?? byName.get(named);
    return user === undefined ? null : spelled(personIdOf(user));
  };
  const people = new Map<string, Person>(file.people().map((person) => [person.id, person]));
  for (const userName of gone) {
    const known = people.get(spelled(personIdOf({ userName })));
    const id = known?.id ?? personIdOf({ userName });
    const nobody = { name: userName, email: null, slack: null, groups: [], roles: [], manager: null };
    people.set(id, { ...(known ?? nobody), id, active: false });
  }
  for (const user of users) {
    const id = spelled(personIdOf(user));
    const known = file.person(id);
    people.set(id, {
      id,
      name: user.name ?? known?.name ?? user.userName,
      email: user.email ?? known?.email ?? null,
      slack: known?.slack ?? null,
      ...(known?.teams === undefined ? {} : { teams: known.teams }),
      groups: union(known?.groups ?? [], groupsOf.get(user.id) ?? []),
      roles: union(known?.roles ?? [], user.roles),
      manager: user.manager === null ? (known?.manager ?? null) : managerOf(user.manager),
      active: user.active && known?.active !== false,
    });
  }
  return new Directory([...people.values()], { emailMatch: file.emailMatch, workloads: file.workloads(), stopped });
}

/** Whether two user names mean one person. */
export const sameUser = (a: string, b: string): boolean => foldId(a) === foldId(b);
