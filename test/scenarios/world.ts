/** One real stack on which many stories are told at once: each with people, a surface and a policy of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { activityDeps } from '../../src/main/parts.ts';
import { startWorkerOn, type RunningWorker } from '../../src/main/engine.ts';
import { slackNotifier } from '../../src/main/slack-notifiers.ts';
import { issuePersonToken } from '../../src/identity/index.ts';
import { readPolicyFiles } from '../../src/main/policies.ts';
import { policiesFolder, publishApproved } from '../support/policies.ts';
import { startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { openTestPostgres } from '../support/cluster.ts';

/** Everybody of a story. `req` asks (through an agent), `dee` is the manager of `req`, `eve` is asked for nothing. */
export const PEOPLE = ['req', 'ann', 'bob', 'cid', 'dee', 'eve', 'fay', 'gus'] as const;
export type Name = (typeof PEOPLE)[number];

interface Entry {
  id: string;
  name: string;
  slack?: { workspace: string; user: string };
  groups?: string[];
  roles?: string[];
  manager?: string;
  active?: boolean;
}

/** What a story has beside its people. */
export interface StorySpec {
  /** The `approval` of its one rule. In it `$ann` is that person of the story, `$team` the group of ann and bob, `$board` the role of cid. */
  approval: object;
  /** More of the policy, or other rules altogether. */
  policy?: object;
  /** People without a Slack account. */
  noSlack?: readonly Name[];
}

export interface World {
  stack: TestStack;
  /** Writes the directory anew: with changes to one entry, or without it. */
  change(person: string, patch: Partial<Entry> | null): void;
  /** A token that stays good when its person leaves. */
  tokenOf(person: string, tenant?: string): Promise<string>;
  /** Stops the worker: what is due waits. */
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  /** Lets a process of its own do the work. */
  useProcess(): Promise<void>;
  /** Kills that process, with whatever it was doing. */
  killProcess(): Promise<void>;
  /** Brings the shipped policies and those of these stories into force, and no others; null leaves a story without. */
  publish(stories: Readonly<Record<string, StorySpec | null>>): Promise<void>;
  close(): Promise<void>;
}

/** Names of a story's own: `$ann`, `$team`, `$board`. */
export function own(tag: string, value: unknown): string {
  return JSON.stringify(value).replaceAll(/\$(\w+)/g, (_all, name: string) => {
    if (name === 'team') return `group:${tag}-team`;
    if (name === 'board') return `role:${tag}-board`;
    return personOf(tag, name);
  });
}

export const personOf = (tag: string, name: string): string => `user:${tag}-${name}@acme.test`;
export const surfaceOf = (tag: string): string => `story.${tag}`;
const fileOf = (tag: string): string => `story.${tag}.yaml`;

/** The policy file of a story; JSON is YAML. */
export function policyText(tag: string, { approval, policy }: StorySpec): string {
  const rules = [
    { id: 'small', when: 'params.amount <= 10', then: 'approve' },
    { id: 'asked', when: 'true', then: 'supervise', approval },
  ];
  return own(tag, {
    policy: surfaceOf(tag),
    surfaces: [surfaceOf(tag)],
    rules,
    disclose: ['params.amount', 'params.currency'],
    outcome: { within: '1h' },
    refusalStands: 0,
    ...policy,
  });
}

function peopleOf(tag: string, noSlack: readonly Name[]): Entry[] {
  return PEOPLE.map((name) => ({
    id: personOf(tag, name),
    name: `${name} of ${tag}`,
    ...(noSlack.includes(name)
      ? {}
      : { slack: { workspace: 'T0SANDBOX', user: `U0${tag}${name}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '') } }),
    groups: name === 'ann' || name === 'bob' ? [`${tag}-team`] : [],
    roles: name === 'cid' ? [`${tag}-board`] : [],
    ...(name === 'req' ? { manager: personOf(tag, 'dee') } : {}),
  }));
}

export async function openWorld(stories: Readonly<Record<string, StorySpec>>): Promise<World> {
  const folder = policiesFolder(
    Object.fromEntries(Object.entries(stories).map(([tag, spec]) => [fileOf(tag), policyText(tag, spec)])),
  );
  const people = new Map(
    Object.entries(stories)
      .flatMap(([tag, { noSlack = [] }]) => peopleOf(tag, noSlack))
      .map((entry) => [entry.id, entry]),
  );
  const file = join(folder.path, 'directory.yaml');
  // Beside them everybody that the shipped policies name: a bundle that names nobody cannot be published.
  const shipped = parse(readFileSync(file, 'utf8')) as { people: Entry[] };
  for (const entry of shipped.people) people.set(entry.id, entry);
  const write = (): void => {
    // In one step: a reader sees the one or the other.
    writeFileSync(`${file}.new`, JSON.stringify({ people: [...people.values()] }));
    renameSync(`${file}.new`, file);
  };
  write();
  const databaseDir = mkdtempSync(join(tmpdir(), 'countersign-stories-'));
  // A database that is given, so that a worker in another process can use it too.
  const postgres = await openTestPostgres({ dataDir: databaseDir });
  const stack = await startTestStack({
    COUNTERSIGN_POLICIES: folder.path,
    COUNTERSIGN_REQUESTS_PER_MINUTE: '1000000',
    DATABASE_URL: postgres.connectionString,
    // Without a worker now and then, requests that time out are what is to be expected.
    COUNTERSIGN_LOG_LEVEL: 'silent',
  });
  const { parts, temporal } = stack.stack;
  const everybody = parts.directory.current('default');
  let worker: RunningWorker | null = stack.stack.worker;
  let child: ChildProcess | null = null;
  const slackUrl = `${stack.url}/slack-sandbox/api/`;
  const stopWorker = async (): Promise<void> => {
    await worker?.stop();
    worker = null;
  };
  const killProcess = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    stack,
    change(person, patch) {
      const entry = people.get(person);
      if (entry === undefined) throw new Error(`there is no ${person}`);
      if (patch === null) people.delete(person);
      else people.set(person, { ...entry, ...patch });
      write();
    },
    tokenOf: (person, tenant = 'default') =>
      issuePersonToken(parts.keys.attestation, { person, tenant, directory: everybody, now: Date.now() }),
    stopWorker,
    killProcess,
    async useProcess() {
      await stopWorker();
      child = spawn(process.execPath, ['bin/countersign.js', 'worker'], {
        env: {
          PATH: process.env['PATH'],
          COUNTERSIGN_DATA: stack.dataDir,
          COUNTERSIGN_POLICIES: folder.path,
          COUNTERSIGN_LOG_LEVEL: 'error',
          DATABASE_URL: postgres.connectionString,
          TEMPORAL_ADDRESS: temporal.address,
          SLACK_BOT_TOKEN: stack.sandbox.botToken,
          SLACK_SIGNING_SECRET: stack.sandbox.signingSecret,
          SLACK_API_URL: slackUrl,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
        said.push(line.slice(0, 400));
        if (!/worker runs/.test(line)) continue;
        child.stderr?.resume();
        return;
      }
      throw new Error(`the worker ended: ${said.slice(-5).join('\n')}`);
    },
    async startWorker() {
      const notifier = slackNotifier(
        parts,
        {
          botToken: stack.sandbox.botToken,
          signingSecret: stack.sandbox.signingSecret,
          appToken: undefined,
          apiUrl: slackUrl,
        },
        'default',
      );
      worker = await startWorkerOn(
        parts,
        temporal.connection,
        temporal.namespace,
        activityDeps(parts, () => notifier, stack.url),
      );
    },
    async publish(now) {
      const files = readPolicyFiles('policies').map(({ path, text }) => ({ path, text }));
      for (const [tag, spec] of Object.entries(now)) {
        if (spec !== null) files.push({ path: fileOf(tag), text: policyText(tag, spec) });
      }
      const done = await publishApproved(stack, { files });
      if (done.status !== 'executed') throw new Error(`publishing ended ${String(done.status)}`);
    },
    async close() {
      await killProcess();
      await stopWorker();
      await stack.stop();
      await postgres.stop();
      rmSync(databaseDir, { recursive: true, force: true });
      folder.remove();
    },
  };
}

export type { Answer };
