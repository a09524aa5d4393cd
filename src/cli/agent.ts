/** `countersign agent`: agents and services of the directory file, who answers for each, and what it is for. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import type { WorkloadEntry } from '../identity/index.ts';
import type { Io } from './io.ts';
import { collectValues } from './values.ts';

const DIRECTORY_FILE = 'directory.yaml';

interface AgentOptions {
  policies?: string;
  json?: boolean;
}

interface AddOptions extends AgentOptions {
  owner: string;
  purpose?: string;
  role?: string[];
  group?: string[];
  surface?: string[];
  expires?: string;
}

export function register(program: Command, io: Io): void {
  const agents = program
    .command('agent')
    .description('agents and services of the directory file; a running stack sees a change at once');
  const verb = (name: string, description: string): Command =>
    agents
      .command(name)
      .description(description)
      .option('--policies <folder>', `where ${DIRECTORY_FILE} is (default: COUNTERSIGN_POLICIES, else policies)`)
      .option('--json', 'print JSON');

  verb('add', 'add an agent or a service')
    .argument('<id>', 'agent:… or service:…')
    .requiredOption('--owner <person>', 'who answers for it, and never approves what it asks')
    .option('--purpose <text>', 'what it is for')
    .option('--role <role>', 'a role that it has; without any, its credentials say (repeatable)', collectValues)
    .option('--group <group>', 'a group that it is in; without any, its credentials say (repeatable)', collectValues)
    .option('--surface <glob>', 'a surface that it may ask for; without any, all (repeatable)', collectValues)
    .option('--expires <time>', 'from when on it may ask for nothing, such as 2027-01-31T00:00:00Z')
    .action(async (id: string, options: AddOptions) => {
      const { owner, purpose, role, group, surface, expires } = options;
      const entry: WorkloadEntry = {
        id,
        owner,
        ...(purpose === undefined ? {} : { purpose }),
        ...(role === undefined ? {} : { roles: role }),
        ...(group === undefined ? {} : { groups: group }),
        ...(surface === undefined ? {} : { surfaces: surface }),
        ...(expires === undefined ? {} : { expires }),
      };
      const { addWorkload } = await import('../identity/index.ts');
      edit(io, options, (path, text) => addWorkload(path, text, entry));
      if (options.json === true) io.json(entry);
      else io.out(`${id} is in the directory; ${owner} answers for it`);
    });

  verb('retire', 'end an agent or a service: it stays known, and may ask for nothing')
    .argument('<id>', 'agent:… or service:…')
    .action(async (id: string, options: AgentOptions) => {
      const { retireWorkload } = await import('../identity/index.ts');
      edit(io, options, (path, text) => retireWorkload(path, text, id));
      if (options.json === true) io.json({ id, active: false });
      else io.out(`${id} is retired`);
    });

  verb('list', 'list agents and services: who answers for each, and what it is for').action(
    async (options: AgentOptions) => {
      const path = fileOf(io, options);
      const { parseDirectory } = await import('../identity/index.ts');
      const { directory, problems } = parseDirectory(path, read(path));
      if (directory === null) throw unusable(path, problems[0]?.message ?? 'it cannot be read');
      const all = directory.workloads().map(({ expiresAt, ...workload }) => ({
        ...workload,
        ownerActive: workload.owner !== null && directory.active(workload.owner),
        expires: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      }));
      if (options.json === true) {
        io.json({ agents: all });
        return;
      }
      for (const { id, owner, ownerActive, purpose, expires, active } of all) {
        const who = owner === null ? 'no owner' : `${owner}${ownerActive ? '' : ' (left)'}`;
        const marks = [...(active ? [] : ['retired']), ...(expires === null ? [] : [`until ${expires}`])];
        io.out([id, who, purpose ?? '—', ...marks].join('  '));
      }
    },
  );
}

const fileOf = (io: Io, { policies }: AgentOptions): string =>
  join(policies ?? (io.env['COUNTERSIGN_POLICIES'] || 'policies'), DIRECTORY_FILE);

const unusable = (path: string, why: string): CountersignError =>
  new CountersignError('configuration', `\`${path}\` cannot be used: ${why}; name its folder with \`--policies\``);

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw unusable(path, cause instanceof Error ? cause.message : 'it cannot be read');
  }
}

/** The file is replaced as a whole, so a stack that reads it meanwhile sees either the old or the new one. */
function edit(io: Io, options: AgentOptions, change: (path: string, text: string) => string): void {
  const path = fileOf(io, options);
  const text = change(path, read(path));
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, text, { flush: true });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
