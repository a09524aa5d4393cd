import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SandboxUser } from '../../sandbox/slack/index.ts';
import { eventually } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const POLICY = `# yaml-language-server: $schema=policy.schema.json
policy: test.door
refusalStands: 0
surfaces: [test.door]
rules:
  - id: asks
    when: 'true'
    then: supervise
    approval: { stages: [{ name: door, approvers: ['group:door'] }], expires: 1h }
notify: ['#finance-approvals']
`;

/** What the directory says of a person once the stack runs, and what Slack says of the user who clicks. */
interface Case {
  what: string;
  /** Null: nobody in the directory. */
  directory: { slack?: string; email?: string; active?: boolean } | null;
  slack: Partial<SandboxUser>;
  counts: boolean;
  says?: RegExp;
  /** Refused when it is acknowledged. */
  atOnce?: boolean;
}

const CASES: Case[] = [
  { what: 'by the Slack id of the directory', directory: { slack: 'own' }, slack: {}, counts: true },
  { what: 'by an address that Slack verified', directory: { email: 'own' }, slack: {}, counts: true },
  {
    what: 'by an address that Slack has not verified',
    directory: { email: 'own' },
    slack: { emailConfirmed: false },
    counts: false,
    says: /belongs to nobody in the directory/,
  },
  {
    what: 'by a verified address of a person who has another Slack id',
    directory: { email: 'own', slack: 'U0ELSEWHERE' },
    slack: {},
    counts: false,
    says: /belongs to nobody in the directory/,
  },
  {
    what: 'by a display name and a handle like those of an approver',
    directory: null,
    slack: { name: 'p0', realName: 'Person 0' },
    counts: false,
    says: /belongs to nobody in the directory/,
  },
  { what: 'as a guest', directory: { slack: 'own' }, slack: { isRestricted: true }, counts: false, says: /Guests/ },
  {
    what: 'as a guest of one channel',
    directory: { slack: 'own' },
    slack: { isUltraRestricted: true },
    counts: false,
    says: /Guests/,
  },
  {
    what: 'as somebody of another workspace',
    directory: { slack: 'own' },
    // Slack names two workspaces in such a click: it is refused before anybody is looked up.
    slack: { teamId: 'T0OTHER' },
    counts: false,
    atOnce: true,
  },
  { what: 'as a bot', directory: { slack: 'own' }, slack: { isBot: true }, counts: false },
  { what: 'with a deactivated account', directory: { slack: 'own' }, slack: { deleted: true }, counts: false },
  {
    what: 'as somebody who left the directory',
    directory: { slack: 'own', active: false },
    slack: {},
    counts: false,
    says: /belongs to nobody in the directory/,
  },
];

const userId = (index: number): string => `U0P${index}`;
const personId = (index: number): string => `user:p${index}@acme.test`;

let stack: TestStack;
let folder: ReturnType<typeof policiesFolder>;
let original: string;

/** The sample directory, and a person for each case. */
function directory(emailMatch: boolean, entry: (index: number) => Case['directory']): string {
  const people = CASES.flatMap((_, index) => {
    const known = entry(index);
    if (known === null) return [];
    const { slack, email, active = true } = known;
    const id = slack === 'own' ? userId(index) : slack;
    return [
      `  - id: ${personId(index)}\n    name: Person ${index}\n    groups: [door]\n    active: ${String(active)}\n` +
        (email === undefined ? '' : `    email: p${index}@acme.test\n`) +
        (id === undefined ? '' : `    slack: { workspace: T0SANDBOX, user: ${id} }\n`),
    ];
  });
  return `emailMatch: ${String(emailMatch)}\n${original}\n${people.join('')}`;
}

beforeAll(async () => {
  folder = policiesFolder({ 'test.door.yaml': POLICY });
  const file = join(folder.path, 'directory.yaml');
  original = readFileSync(file, 'utf8');
  // The sandbox makes a user of everyone the directory knows at the start.
  writeFileSync(
    file,
    directory(false, () => ({ slack: 'own', email: 'own' })),
  );
  stack = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
  writeFileSync(
    file,
    directory(true, (index) => CASES[index]?.directory ?? null),
  );
  CASES.forEach(({ slack }, index) => stack.sandbox.control.setUser(userId(index), slack));
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
});

async function clicked(index: number): Promise<{ decisions: unknown[]; told: string }> {
  const { control } = stack.sandbox;
  const { body } = await stack.ask({ ...REFUND, surface: 'test.door' });
  const message = await sandboxDriver(stack.sandbox).messageOf(body.id);
  const refusals = await attempts(body.id);
  const at = { user: userId(index), channel: message.channel, ts: message.ts, actionId: 'approve', force: true };
  await control.click(at as Parameters<typeof control.click>[0]);
  return eventually('the click is taken or refused', async () => {
    const action = (await stack.call('GET', `/v1/actions/${body.id}`)).body;
    const { decisions } = action.approval.stages[0];
    const told = control
      .ephemerals(userId(index))
      .map(({ text }) => text)
      .join('\n');
    const refused = CASES[index]?.atOnce === true || (await attempts(body.id)) > refusals;
    return decisions.length > 0 || refused ? { decisions, told } : undefined;
  });
}
const attempts = async (id: string): Promise<number> =>
  (await stack.stack.parts.store.attempts.list('default', id)).length;

describe('a click in Slack', () => {
  it.each(CASES.map((one, index) => ({ ...one, index })))('$what: $counts', async ({ index, counts, says }) => {
    const { decisions, told } = await clicked(index);
    expect(decisions).toMatchObject(counts ? [{ by: personId(index), via: 'slack' }] : []);
    if (says !== undefined) expect(told).toMatch(says);
  });

  it('by a verified address counts only while the directory opts in', async () => {
    writeFileSync(
      join(folder.path, 'directory.yaml'),
      directory(false, (index) => CASES[index]?.directory ?? null),
    );
    const { decisions, told } = await clicked(1);
    expect(decisions).toEqual([]);
    expect(told).toMatch(/belongs to nobody in the directory/);
  });
});

describe('a direct message', () => {
  it('goes to nobody by an address that Slack has not verified', async () => {
    const { control } = stack.sandbox;
    // Case 2 was asked in the channel only; its person has no other identity in Slack.
    expect(control.messages(control.im(userId(2)).id)).toEqual([]);
  });
});
