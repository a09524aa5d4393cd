/** An approver in Teams: asked by a card, decides there, and an auditor renders again what they were shown. The whole stack. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { windowOf } from '../support/signed-in.ts';
import { CFO, LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';
import {
  conversationOf,
  ENTRA_TENANT,
  policiesOverTeams,
  post,
  startFakeTeams,
  TEAMS_USERS as USERS,
  type FakeTeams,
  type TeamsMessage,
} from '../support/teams.ts';

const AUDITOR = 'user:auditor@acme.test';

let fake: FakeTeams;
let folder: ReturnType<typeof policiesOverTeams>;
let it_: TestStack;
let scratch: string;
beforeAll(async () => {
  fake = await startFakeTeams();
  scratch = mkdtempSync(join(tmpdir(), 'countersign-teams-'));
  folder = policiesOverTeams();
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path, ...fake.env });
});
afterAll(async () => {
  await it_?.stop();
  folder?.remove();
  await fake?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const parked = async (amount: number): Promise<string> => {
  const { body } = await it_.ask(refund(amount));
  expect(body.status).toBe('supervised');
  return body.id as string;
};
const cardOf = (id: string, person: string): Promise<TeamsMessage> =>
  eventually('the card', () =>
    fake.messages.find(
      ({ conversation, activity }) =>
        conversation === conversationOf(USERS[person] ?? '') && JSON.stringify(activity.attachments ?? []).includes(id),
    ),
  );
const click = async (id: string, person: string, verb: string, inputs: Record<string, string> = {}) =>
  post(it_.url, fake.click(USERS[person] ?? '', await cardOf(id, person), verb, inputs), await fake.token());
const write = (name: string, value: unknown): string => {
  const file = join(scratch, name);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
};

it('is asked, approves in the card, and all of it is sealed and rendered again', async () => {
  const id = await parked(420.5);
  const { status, body } = await click(id, LEAD, 'approve', { approve_reason: 'fits the order' });
  expect([status, body.type]).toEqual([200, 'application/vnd.microsoft.card.adaptive']);
  const released = (await it_.call('GET', `/v1/actions/${id}?wait=30`)).body;
  expect(released).toMatchObject({ status: 'released', permit: expect.any(String) });

  const { records } = (await it_.call('GET', `/v1/records?action=${id}&type=decision`)).body;
  const [{ hash, record }] = records;
  expect(record).toMatchObject({
    by: LEAD,
    via: 'teams',
    presence: 'click',
    reason: 'fits the order',
    slack: { workspace: `teams:${ENTRA_TENANT}`, user: USERS[LEAD], channel: conversationOf(USERS[LEAD] ?? '') },
    shown: { renderer: 'teams/1' },
  });
  // The other one who was asked sees that it is over.
  const others = await cardOf(id, CFO);
  await eventually('the other card', () =>
    others.updates > 0 && !JSON.stringify(others.activity).includes('Refuse') ? true : undefined,
  );

  const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: await it_.person(AUDITOR) };
  const shown = await countersign(['shown', hash], { env });
  expect([shown.code, shown.err]).toEqual([0, '']);
  const receipt = write('receipt', (await it_.call('GET', `/v1/records/${hash}/receipt`)).body);
  const key = write('keys', { keys: [it_.stack.parts.keys.forTenant('default').record.publicJwk] });
  const logKey = write('vkey', await it_.stack.parts.logReader.vkey('default'));
  const verify = await countersign([
    'verify',
    receipt,
    '--key',
    key,
    '--log-key',
    logKey,
    '--shown',
    write('shown', shown.out),
  ]);
  expect(verify.out).toContain('rendered again by teams/1');
  expect(verify.code).toBe(0);

  // In the console too, by the page itself.
  const browser = await launchBrowser();
  const page = await windowOf(browser, it_, AUDITOR);
  await page.goto(`${it_.url}/console/actions/${id}`);
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByRole('heading', { name: 'Everything holds.' }).waitFor();
  await page.getByRole('button', { name: 'Show what they were shown' }).click();
  await page.getByText(/rendered again in this page by teams\/1\. It is what was sealed/).waitFor();
  await page.getByText('Refunds above 100 need a yes of finance.').last().waitFor();
  await browser.close();
});

it('is decided once, whoever of two is first, and not through a door that policy does not name', async () => {
  const id = await parked(430.5);
  const [lead, cfo] = await Promise.all([cardOf(id, LEAD), cardOf(id, CFO)]);
  const token = await fake.token();
  // A card of somebody else's counts for nobody.
  const stolen = await post(
    it_.url,
    fake.click(USERS[CFO] ?? '', lead, 'refuse', { refuse_reason: 'not mine' }),
    token,
  );
  expect(stolen.body.value).toContain('sent to somebody else');
  const all = await Promise.all([
    post(it_.url, fake.click(USERS[LEAD] ?? '', lead, 'approve'), token),
    post(it_.url, fake.click(USERS[CFO] ?? '', cfo, 'approve'), token),
  ]);
  expect(all.map(({ status }) => status)).toEqual([200, 200]);
  const { records } = (await it_.call('GET', `/v1/records?action=${id}&type=decision`)).body;
  expect(records).toHaveLength(1);
  const auditor = await it_.person(AUDITOR);
  const kept = await eventually('the attempt', async () => {
    const { attempts } = (await it_.call('GET', '/v1/attempts?door=teams', undefined, { token: auditor })).body;
    return attempts.find(({ code }: { code: string }) => code === 'forbidden');
  });
  expect(kept).toMatchObject({ action: id, by: CFO, door: 'teams' });

  const other = await parked(440.5);
  const api = await it_.call(
    'POST',
    `/v1/actions/${other}/decisions`,
    { decision: 'approve' },
    { token: await it_.person(LEAD) },
  );
  expect(api.body.code).toBe('door-closed');
});
