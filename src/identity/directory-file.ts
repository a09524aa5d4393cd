/** Reads `policies/directory.yaml` into a {@link Directory}, or says with line and column what is wrong with it. Pure. */
import { LineCounter, isNode, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { actorIdSchema, ANY, foldId, type ActorType } from '../contract/index.ts';
import { Directory, foldEmail, type Person, type Workload } from './directory.ts';

/** One thing wrong with a directory file. Lines and columns count from 1. */
export interface DirectoryProblem {
  path: string;
  line: number;
  column: number;
  message: string;
}

const idOf = (type: ActorType, what: string, example: string) =>
  actorIdSchema.refine((id) => id.startsWith(`${type}:`), `${what} is \`${type}:\` and a name, such as \`${example}\``);
const userId = idOf('user', 'a person’s id', 'user:jo@acme.test');
const label = z.string().min(1).max(256);
const labels = z.array(label.refine((name) => name !== ANY, 'a directory names each role and group'));

/** In one spelling, because Microsoft's services use several. */
const entraId = (of: 'tenant' | 'user') =>
  z
    .string()
    .regex(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
      `the id of a ${of} in Microsoft Entra is a GUID, such as \`72f988bf-86f1-41af-91ab-2d7cd011db47\``,
    )
    .toLowerCase();

const personSchema = z.strictObject({
  id: userId,
  name: label,
  email: z.email().optional(),
  slack: z
    .strictObject({
      workspace: z.string().regex(/^[TE][A-Z0-9]+$/, 'a Slack workspace id starts with `T`, such as `T024BE7LD`'),
      user: z.string().regex(/^[UW][A-Z0-9]+$/, 'a Slack user id starts with `U`, such as `U2147483697`'),
    })
    .optional(),
  teams: z.strictObject({ tenant: entraId('tenant'), user: entraId('user') }).optional(),
  groups: labels.default([]),
  roles: labels.default([]),
  manager: userId.optional(),
  active: z.boolean().default(true),
});

/** Agents and services: who answers for them, what for, and what they are. */
const workloadFields = {
  name: label.optional(),
  purpose: z.string().min(1).max(1024).optional(),
  owner: userId.optional(),
  roles: labels.optional(),
  groups: labels.optional(),
  surfaces: z.array(z.string().min(1).max(256)).min(1).optional(),
  expires: z.iso.datetime({ offset: true }).optional(),
  active: z.boolean().default(true),
};

const fileSchema = z.strictObject({
  emailMatch: z.boolean().default(false),
  people: z.array(personSchema).min(1),
  agents: z
    .array(z.strictObject({ id: idOf('agent', 'an agent’s id', 'agent:support-bot'), ...workloadFields }))
    .default([]),
  services: z
    .array(z.strictObject({ id: idOf('service', 'a service’s id', 'service:billing'), ...workloadFields }))
    .default([]),
});

type Path = readonly (string | number)[];

/**
 * @param path How problems name the file; nothing is read from it.
 * @returns The directory, or null when there is any problem: half a directory would silently drop approvers.
 */
export function parseDirectory(
  path: string,
  text: string,
): { directory: Directory | null; problems: DirectoryProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: DirectoryProblem[] = document.errors.map((error) => {
    const at = lines.linePos(error.pos[0]);
    return { path, line: Math.max(1, at.line), column: Math.max(1, at.col), message: error.message };
  });
  if (problems.length > 0) return { directory: null, problems };

  const problem = (at: Path, message: string): void => {
    problems.push({ path, ...positionOf(document, lines, at), message });
  };
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    problem([], error instanceof Error ? error.message : 'the file cannot be read as YAML');
    return { directory: null, problems };
  }
  const parsed = fileSchema.safeParse(content ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const at = issue.path.filter((step) => typeof step !== 'symbol');
      const named = at.length === 0 ? 'the file' : `\`${at.join('.')}\``;
      problem(issue.code === 'unrecognized_keys' ? [...at, issue.keys[0] ?? ''] : at, `${named}: ${issue.message}`);
    }
    return { directory: null, problems };
  }

  const people: Person[] = parsed.data.people.map(({ teams, ...person }) => ({
    ...person,
    email: person.email ?? null,
    slack: person.slack ?? null,
    ...(teams === undefined ? {} : { teams }),
    manager: person.manager ?? null,
  }));
  const workloads = [...parsed.data.agents, ...parsed.data.services].map(workloadOf);
  reportDuplicates(people, problem);
  reportSpellings(parsed.data, problem);
  const ids = new Set(people.map((person) => person.id));
  people.forEach((person, index) => {
    const at = ['people', index, 'manager'];
    if (person.manager === null) return;
    if (!ids.has(person.manager)) problem(at, `the manager \`${person.manager}\` is not a person of this directory`);
    else if (person.manager === person.id) problem(at, `\`${person.id}\` cannot be their own manager`);
  });
  for (const list of ['agents', 'services'] as const) {
    parsed.data[list].forEach(({ owner }, index) => {
      if (owner !== undefined && !ids.has(owner)) {
        problem([list, index, 'owner'], `the owner \`${owner}\` is not a person of this directory`);
      }
    });
  }
  if (problems.length > 0) return { directory: null, problems };
  return { directory: new Directory(people, { emailMatch: parsed.data.emailMatch, workloads }), problems };
}

type FileContent = z.output<typeof fileSchema>;

const workloadOf = ({ id, active, expires, ...given }: FileContent['agents'][number]): Workload => ({
  id,
  name: given.name ?? null,
  purpose: given.purpose ?? null,
  owner: given.owner ?? null,
  roles: given.roles ?? null,
  groups: given.groups ?? null,
  surfaces: given.surfaces ?? null,
  expiresAt: expires === undefined ? null : Date.parse(expires),
  active,
});

/** Two ids that look the same to a reader count as one, so only one of them may be listed. */
function reportSpellings(content: FileContent, problem: (at: Path, message: string) => void): void {
  const seen = new Map<string, string>();
  for (const list of ['people', 'agents', 'services'] as const) {
    content[list].forEach(({ id }, index) => {
      const before = seen.get(foldId(id));
      if (before === undefined) seen.set(foldId(id), id);
      else if (list !== 'people' || before !== id) {
        problem(
          [list, index, 'id'],
          `the id \`${id}\` means the same as \`${before}\`, which is here already; keep one`,
        );
      }
    });
  }
}

function reportDuplicates(people: readonly Person[], problem: (at: Path, message: string) => void): void {
  const seen = new Map<string, string>();
  const claim = (key: string, person: Person, at: Path, what: string): void => {
    const owner = seen.get(key);
    if (owner === undefined) seen.set(key, person.id);
    else problem(at, `${what} belongs to \`${owner}\` already; it can mean one person only`);
  };
  people.forEach((person, index) => {
    claim(`id ${person.id}`, person, ['people', index, 'id'], `the id \`${person.id}\``);
    if (person.slack !== null) {
      const { workspace, user } = person.slack;
      claim(`slack ${workspace} ${user}`, person, ['people', index, 'slack', 'user'], `the Slack user \`${user}\``);
    }
    if (person.teams !== undefined) {
      const { tenant, user } = person.teams;
      claim(`teams ${tenant} ${user}`, person, ['people', index, 'teams', 'user'], `the Teams user \`${user}\``);
    }
    if (person.email !== null) {
      claim(`email ${foldEmail(person.email)}`, person, ['people', index, 'email'], `the address \`${person.email}\``);
    }
  });
}

/** Position of the deepest node of the path that exists in the text. */
function positionOf(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start === undefined) continue;
    const { line, col } = lines.linePos(start);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
  return { line: 1, column: 1 };
}
