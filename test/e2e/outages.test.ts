import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, passed } from '../support/eventually.ts';
import { outlivesRestores } from '../support/restores.ts';
import { policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { hasButton } from '../support/approver.ts';
import { LEAD, REFUND, refund, startTestStack, type TestStack } from '../support/stack.ts';

const QUICK = `# yaml-language-server: $schema=policy.schema.json
policy: test.quick
refusalStands: 0
surfaces: [test.quick]
rules:
  - id: asks
    when: 'true'
    then: supervise
    approval:
      stages: [{ name: finance, approvers: ['group:finance'], remind: 2s, escalate: { after: 3s, to: ['role:cfo', 'role:duty-manager'] } }]
      expires: 4s
notify: ['#finance-approvals']
`;

/** What is gathered waits longer than a stack takes to stop. */
const GATHERED = `# yaml-language-server: $schema=policy.schema.json
policy: test.gathered
refusalStands: 0
surfaces: [test.gathered]
rules:
  - id: asks
    when: 'true'
    then: supervise
    approval:
      stages: [{ name: risk, approvers: ['user:risk-officer@acme.test'] }]
      expires: 1h
notify: { to: ['#gathered'], digest: 15s }
disclose: [resource.id]
`;

let stack: TestStack;
let folder: ReturnType<typeof policiesFolder>;
const env = (): Record<string, string> => ({ COUNTERSIGN_POLICIES: folder.path });

beforeAll(async () => {
  folder = policiesFolder({ 'test.quick.yaml': QUICK, 'test.gathered.yaml': GATHERED });
  stack = await startTestStack(env());
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
});

const slackId = (person: string): string =>
  stack.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const actionOf = async (id: string, wait = 20) => (await stack.call('GET', `/v1/actions/${id}?wait=${wait}`)).body;
/** The action once it waits for nobody. */
const settled = (id: string) =>
  eventually(`${id} waits for nobody`, async () => {
    const action = await actionOf(id, 5);
    return action.status === 'supervised' ? undefined : action;
  });
const decide = async (id: string, body: object) =>
  stack.call('POST', `/v1/actions/${id}/decisions`, body, { token: await stack.person(LEAD) });
const posted = (id: string) =>
  stack.sandbox.control
    .messages('finance-approvals')
    .filter((one) => one.threadTs === undefined && JSON.stringify(one.blocks).includes(id));

/** The Temporal server of this very stack, known by the folder of its database. */
function temporalPid(): number {
  const found = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [binary = '', ...args] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return /temporal[^/]*$/.test(binary) && args.some((arg) => arg.startsWith(stack.dataDir));
    } catch {
      // Ended meanwhile.
      return false;
    }
  });
  if (found.length !== 1) throw new Error(`${found.length} Temporal servers run on ${stack.dataDir}`);
  return Number(found[0]);
}

describe('while Slack is away', () => {
  it('everything is asked and decided elsewhere; afterwards each message is there once, as things then stand', async () => {
    const { control } = stack.sandbox;
    control.inject({ outage: true });
    const decided = await stack.ask(refund(420.5));
    const open = await stack.ask(refund(430));
    expect([decided.status, open.status]).toEqual([202, 202]);
    const approved = await decide(decided.body.id, { decision: 'approve', reason: 'over the API' });
    expect([approved.status, approved.body.status]).toEqual([200, 'released']);
    // It was really tried, and more than once.
    await control.waitFor(() => control.calls.filter(({ status }) => status === 503).length > 2, 60_000);
    expect(posted(decided.body.id)).toEqual([]);
    control.inject({ outage: false });

    const closed = await control.waitFor(() => {
      const [message] = posted(decided.body.id);
      return message !== undefined && JSON.stringify(message.blocks).includes('over the API') && message;
    }, 60_000);
    expect(closed.text).toContain('Approved');
    expect(hasButton(closed, 'approve')).toBe(false);
    const waiting = await control.waitFor(() => posted(open.body.id)[0], 60_000);
    expect(hasButton(waiting, 'approve')).toBe(true);
    await control.click({ user: slackId(LEAD), channel: waiting.channel, ts: waiting.ts, actionId: 'approve' });
    expect((await actionOf(open.body.id)).status).toBe('released');
    expect([posted(decided.body.id).length, posted(open.body.id).length]).toEqual([1, 1]);
  });

  it('says nothing afterwards that asks for what is over', async () => {
    const { control } = stack.sandbox;
    control.inject({ outage: true });
    const { body } = await stack.ask({ ...REFUND, surface: 'test.quick' });
    expect((await settled(body.id)).status).toBe('expired');
    control.inject({ outage: false });
    const message = await control.waitFor(
      () =>
        posted(body.id).find(({ channel, ts }) =>
          control.thread(channel, ts).some(({ text }) => text.startsWith('⌛')),
        ),
      60_000,
    );
    const lines = control.thread(message.channel, message.ts).map(({ text }) => text);
    expect(lines.filter((text) => /^(🔔|⏰|📣|👋)/u.test(text))).toEqual([]);
    expect(hasButton(message, 'approve')).toBe(false);
    expect(posted(body.id)).toHaveLength(1);
  });

  it('is asked again no sooner than it said', async () => {
    const { control } = stack.sandbox;
    control.inject({ api: 'chat.postMessage', answer: 429, retryAfter: 2, times: 5 });
    const { body } = await stack.ask(refund(440));
    const message = await control.waitFor(() => posted(body.id)[0], 60_000);
    const calls = control.calls.filter(
      ({ method, args }) => method === 'chat.postMessage' && JSON.stringify(args).includes(body.id as string),
    );
    const refused = calls.findLast(({ status }) => status === 429);
    const next = calls.find(({ at, status }) => status === 200 && at >= (refused?.at ?? Infinity));
    expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(2000);
    expect(hasButton(message, 'approve')).toBe(true);
    await decide(body.id, { decision: 'refuse', reason: 'done with' });
  });
});

describe('while Temporal stands still', () => {
  it('a click is acknowledged in time all the same, and counts when it goes on', async () => {
    const { control } = stack.sandbox;
    const { body } = await stack.ask(refund(450));
    const message = await sandboxDriver(stack.sandbox).messageOf(body.id);
    const pid = temporalPid();
    process.kill(pid, 'SIGSTOP');
    try {
      const clicked = await control.click({
        user: slackId(LEAD),
        channel: message.channel,
        ts: message.ts,
        actionId: 'approve',
      });
      // The sandbox fails what is not acknowledged within Slack's three seconds.
      expect(clicked.ok).toBe(true);
      expect(control.deliveries.at(-1)).toMatchObject({ status: 200 });
      expect((await actionOf(body.id, 0)).approval.stages[0].decisions).toEqual([]);
      const command = await control.slashCommand({ user: slackId(LEAD), command: '/countersign', text: 'pending' });
      expect(command.ok).toBe(true);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const action = await actionOf(body.id, 60);
    expect(action).toMatchObject({
      status: 'released',
      approval: { stages: [{ decisions: [{ by: LEAD, via: 'slack' }] }] },
    });
    const shown = await control.waitFor(() => posted(body.id).find((one) => !hasButton(one, 'approve')), 60_000);
    expect(shown.text).toContain('Approved');
  });
});

describe('after days without any process', () => {
  it('what was due happens in its order: the expiry at once, and no reminder, escalation or warning for it', async () => {
    const { body } = await stack.ask({ ...REFUND, surface: 'test.quick' });
    await sandboxDriver(stack.sandbox).messageOf(body.id);
    const gathered = await Promise.all(
      ['ord_1', 'ord_2'].map((id) =>
        stack.ask({ ...REFUND, surface: 'test.gathered', resource: { type: 'order', id } }),
      ),
    );
    const { dataDir } = stack;
    await stack.stop({ keepData: true, replay: false });
    // Past the expiry of the policy above, counted from the action's own clock.
    const due = Date.parse(body.approval.expiresAt as string) + 500;
    await passed(due);
    stack = await startTestStack(env(), dataDir);
    expect((await settled(body.id)).status).toBe('expired');
    const records = (await stack.call('GET', `/v1/records?action=${body.id}`)).body.records;
    expect(
      records.map((item: { record: { type: string; decision?: string } }) => item.record.decision ?? item.record.type),
    ).toEqual(['expired', 'verdict']);
    const { control } = stack.sandbox;
    const message = await control.waitFor(
      () =>
        posted(body.id).find(({ channel, ts }) =>
          control.thread(channel, ts).some(({ text }) => text.startsWith('⌛')),
        ),
      60_000,
    );
    expect(message.text).toContain('Expired');
    expect(hasButton(message, 'approve')).toBe(false);
    expect(control.thread(message.channel, message.ts).filter(({ text }) => /^(🔔|⏰|📣)/u.test(text))).toEqual([]);

    // What waited to be told of together still is, once, in each place.
    const { digests } = stack.stack.parts.store;
    const told = await Promise.all(
      gathered.map((one) =>
        eventually('it is told of', async () => {
          const found = await digests.of('default', one.body.id as string);
          return found.length === 2 && found.every(({ posted }) => posted !== null) ? found : undefined;
        }),
      ),
    );
    const idsOf = (found: (typeof told)[number]): string[] => found.map(({ id }) => id).sort();
    expect(told.map(idsOf)).toEqual([idsOf(told[0] ?? []), idsOf(told[0] ?? [])]);
    expect(told[0]?.map(({ target }) => target).sort()).toEqual(['#gathered', 'user:risk-officer@acme.test']);
  });
});

describe('after a restore of Temporal’s database alone', () => {
  /** SQLite's file and what it keeps beside it. */
  const files = (folder: string): string[] =>
    readdirSync(folder).filter((name) => /^temporal\.db(-wal|-shm)?$/.test(name));
  const COPY = '.copy';
  /** What a snapshot of its disk would be: the server stands still, and is not told. */
  function copied(): string[] {
    const pid = temporalPid();
    process.kill(pid, 'SIGSTOP');
    try {
      const names = files(stack.dataDir);
      for (const name of names) copyFileSync(join(stack.dataDir, name), join(stack.dataDir, name + COPY));
      return names;
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  it('what was sealed stays, and what is open goes on, from an older copy and from none', { timeout: 300_000 }, () => {
    let copies: string[] = [];
    return outlivesRestores({
      stack: () => stack,
      backUp: async () => void (copies = copied()),
      async restore(which) {
        const { dataDir } = stack;
        await stack.stop({ keepData: true, replay: false });
        for (const name of files(dataDir)) rmSync(join(dataDir, name));
        if (which === 'older') for (const name of copies) copyFileSync(join(dataDir, name + COPY), join(dataDir, name));
        stack = await startTestStack(env(), dataDir);
      },
    });
  });
});
