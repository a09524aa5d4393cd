/** The directory: who people are, and which of them a policy's approver references mean. Pure: text in, answers out. */
import { actingChain, foldId, type Actor } from '../contract/index.ts';

/** A user of Microsoft Entra: the ids of tenant and user, lower case. */
export interface TeamsIdentity {
  tenant: string;
  user: string;
}

/** One person of `policies/directory.yaml`. */
export interface Person {
  /** Directory id, `user:…`: the one name that policies, tokens and records use. */
  id: string;
  name: string;
  email: string | null;
  /** The person's own Slack identity. Where it is given, nothing else of Slack ever means this person. */
  slack: { workspace: string; user: string } | null;
  /** The person's own identity in Teams: the ids of their tenant and of their user in Microsoft Entra. */
  teams?: TeamsIdentity;
  groups: readonly string[];
  roles: readonly string[];
  /** Directory id. */
  manager: string | null;
  /** False for someone who left: known, but may neither ask nor decide. */
  active: boolean;
}

/** An agent or a service of the directory. */
export interface Workload {
  /** Directory id, `agent:…` or `service:…`. */
  id: string;
  name: string | null;
  /** What it is for, in words. */
  purpose: string | null;
  /** Directory id of the person who answers for it; null where nobody does. */
  owner: string | null;
  /** Its roles or groups; null where the directory leaves them to its credentials. */
  roles: readonly string[] | null;
  groups: readonly string[] | null;
  /** Globs of the surfaces that it may ask for; null for all that its credentials reach. */
  surfaces: readonly string[] | null;
  /** Milliseconds since the epoch, from when on it may ask for nothing; null for never. */
  expiresAt: number | null;
  /** False for one that was retired. */
  active: boolean;
}

/**
 * People and their references. Names are compared exactly: no pattern, no case folding, no display name ever means anybody.
 * An instance never changes; a new file makes a new one.
 */
export class Directory {
  /** Whether a verified e-mail address may stand for a person who has no Slack id here. */
  readonly emailMatch: boolean;
  readonly #people: readonly Person[];
  readonly #byId: ReadonlyMap<string, Person>;
  readonly #workloads: ReadonlyMap<string, Workload>;
  /** Folded form of every id to its spelling here. */
  readonly #spelled: ReadonlyMap<string, string>;
  readonly #stopped: ReadonlySet<string>;

  constructor(
    people: readonly Person[],
    options: {
      emailMatch?: boolean;
      workloads?: readonly Workload[] | undefined;
      stopped?: readonly string[];
    } = {},
  ) {
    this.emailMatch = options.emailMatch ?? false;
    this.#stopped = new Set(options.stopped);
    this.#people = [...people].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#byId = new Map(this.#people.map((person) => [person.id, person]));
    const workloads = [...(options.workloads ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#workloads = new Map(workloads.map((workload) => [workload.id, workload]));
    this.#spelled = new Map([...this.#byId.keys(), ...this.#workloads.keys()].map((id) => [foldId(id), id]));
  }

  /** Everyone, also those who left, sorted by id. */
  people(): readonly Person[] {
    return this.#people;
  }

  /** The person with this id, also one who left. */
  person(id: string): Person | null {
    return this.#byId.get(id) ?? null;
  }

  /** Agents and services, also retired ones, sorted by id. */
  workloads(): readonly Workload[] {
    return [...this.#workloads.values()];
  }

  /** The agent or service with this id, also one that was retired. */
  workload(id: string): Workload | null {
    return this.#workloads.get(id) ?? null;
  }

  /** The active person who answers for an agent or service, or null. */
  ownerOf(id: string): string | null {
    const owner = this.#workloads.get(id)?.owner ?? null;
    return owner !== null && this.active(owner) ? owner : null;
  }

  /** How the directory spells an id that means the same as this one; null when it has none, or spells it so. */
  otherSpelling(id: string): string | null {
    const spelled = this.#spelled.get(foldId(id));
    return spelled === undefined || spelled === id ? null : spelled;
  }

  /** True when this is a person of the directory who has not left. */
  active(id: string): boolean {
    return this.#byId.get(id)?.active === true;
  }

  /** True for a person whom a security event stopped, until they sign in anew. */
  stopped(id: string): boolean {
    return this.#stopped.has(id);
  }

  /** True when this person may decide now: active, not stopped, and not an auditor, who reads everything and decides nothing. */
  mayDecide(id: string): boolean {
    return this.active(id) && !this.stopped(id) && !isAuditor(this.#byId.get(id));
  }

  /**
   * The active people that an approver reference means, sorted: never an auditor. An unknown reference means nobody.
   *
   * @param ref `user:…`, `group:…`, `role:…`, or `manager`: of the actor, or of the person an agent or service acts for.
   */
  resolve(ref: string, actor: Actor): string[] {
    const active = this.#people.filter((person) => person.active && !isAuditor(person));
    if (ref === 'manager') {
      const manager = this.#managerOf(actor);
      return manager !== null && active.some(({ id }) => id === manager) ? [manager] : [];
    }
    if (ref.startsWith('user:')) return active.some(({ id }) => id === ref) ? [ref] : [];
    if (ref.startsWith('group:')) return idsOf(active.filter((person) => person.groups.includes(ref.slice(6))));
    if (ref.startsWith('role:')) return idsOf(active.filter((person) => person.roles.includes(ref.slice(5))));
    return [];
  }

  /**
   * The active person behind a Slack user, or null. The explicit Slack id comes first; an e-mail address counts only where the
   * directory opts in, only as Slack verified it, and never for a person who has a Slack id.
   */
  bySlack(workspace: string, user: string, verifiedEmail?: string): Person | null {
    const named = this.#people.find((person) => person.slack?.user === user && person.slack.workspace === workspace);
    if (named !== undefined) return named.active ? named : null;
    if (!this.emailMatch || verifiedEmail === undefined || verifiedEmail === '') return null;
    const same = this.#people.filter(({ email }) => email !== null && foldEmail(email) === foldEmail(verifiedEmail));
    // An address of several people means none of them.
    const [mailed] = same;
    return same.length === 1 && mailed !== undefined && mailed.active && mailed.slack === null ? mailed : null;
  }

  /** The active person behind a user of Teams, or null: by their ids, never by a name or an address. */
  byTeams({ tenant, user }: TeamsIdentity): Person | null {
    const named = this.#people.find((person) => person.teams?.user === user && person.teams.tenant === tenant);
    return named?.active === true ? named : null;
  }

  #managerOf(actor: Actor): string | null {
    for (const at of actingChain(actor)) {
      const person = at.type === 'user' ? this.person(at.id) : null;
      if (person !== null) return person.active ? person.manager : null;
      // An unknown user has no manager. For an agent or service, the next one in its chain counts.
      if (at.type === 'user') return null;
    }
    return null;
  }
}

const AUDITOR = 'auditor';

/** An auditor checks other people's decisions, so they decide nothing. */
const isAuditor = (person: Person | undefined): boolean => person?.roles.includes(AUDITOR) === true;

/** Addresses are compared case-insensitively, because no mail system in use distinguishes them by case. */
export const foldEmail = (email: string): string => email.toLowerCase();

function idsOf(people: readonly Person[]): string[] {
  return people.map((person) => person.id);
}
