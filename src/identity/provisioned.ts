/** People and groups as an identity provider keeps them by SCIM, and what they make of the directory's file. Pure. */
import { foldId } from '../contract/index.ts';
import { Directory, type Person } from './directory.ts';

/** A person as the identity provider says. */
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

/** What providers say of people, by sealed records. */
export interface Provided {
  users: readonly ProvisionedUser[];
  groups: readonly ProvisionedGroup[];
  /** User names of those whom it had and deleted. */
  gone: readonly string[];
  /** Directory ids of those who have to prove anew who they are. */
  stopped: readonly string[];
}

/** The name of a person who is provisioned. */
export const personIdOf = ({ userName }: Pick<ProvisionedUser, 'userName'>): string => `user:${userName}`;

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

/**
 * The union of a directory's file and what is provisioned. Of a person whom both have, name, address and manager are the provider's, roles
 * and groups are those of both, the identities in Slack and Teams are the file's, and they are active only where both say so. Somebody whom the
 * provider deleted is one who left.
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
