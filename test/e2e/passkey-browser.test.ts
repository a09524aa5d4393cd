import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPasskeyDecision } from '../../src/sealing/index.ts';
import { buttonValue } from '../../src/slack/blocks/model.ts';
import { launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { originOf, send } from '../support/passkeys.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import type { Answer } from '../support/stack.ts';

/** Chromium's own WebAuthn with a virtual authenticator, on the real stack, under a policy that is shipped. */
const COUNSEL = 'user:counsel@acme.test';
const FILING = {
  surface: 'court.filing',
  action: 'filing.submit',
  actor: { id: 'agent:clerk', type: 'agent' },
  params: { document: 'reply-brief', deadline: '2030-01-31T00:00:00Z' },
  context: { matter: 'M-17' },
};
const APPROVE = { decision: 'approve', reason: 'read in full' };

let stack: SharedStack;
let browser: Browser;
let page: Page;
let authenticator: { session: CDPSession; id: string };

async function open(origin: string): Promise<{ page: Page; authenticator: typeof authenticator }> {
  const context = await browser.newContext();
  const opened = await context.newPage();
  const session = await context.newCDPSession(opened);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  await opened.goto(`${origin}/console`);
  return { page: opened, authenticator: { session, id: authenticatorId } };
}

beforeAll(async () => {
  [stack, browser] = await Promise.all([sharedStack(), launchBrowser()]);
  ({ page, authenticator } = await open(originOf(stack)));
});
afterAll(async () => {
  await browser.close();
});

/** What a page does: asks for options, hands them to the browser, sends on what it answers. */
const ceremony = (
  on: Page,
  input: { path: string; body: object; token: string; kind: 'create' | 'get' },
): Promise<{ response: object | null; refused: object | null }> =>
  on.evaluate(async ({ path, body, token, kind }) => {
    const headers = {
      ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      'countersign-door': 'console',
    };
    const asked = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    const answered = (await asked.json()) as { options: object };
    if (!asked.ok) return { response: null, refused: answered };
    // The page's own names: this function runs in the browser.
    const { PublicKeyCredential: credentials, navigator: browserNavigator } = globalThis as unknown as {
      PublicKeyCredential: Record<string, (options: object) => object>;
      navigator: { credentials: Record<string, (options: object) => Promise<{ toJSON(): object }>> };
    };
    const parse = kind === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
    const publicKey = credentials[parse]?.(kind === 'create' ? answered : answered.options);
    const made = await browserNavigator.credentials[kind]?.({ publicKey });
    return { response: made?.toJSON() ?? null, refused: null };
  }, input);

const enrol = async (on: Page): Promise<Answer> => {
  const token = await stack.person(COUNSEL);
  const { response } = await ceremony(on, { path: '/v1/passkeys/options', body: {}, token, kind: 'create' });
  return stack.call('POST', '/v1/passkeys', { response, name: 'counsel’s laptop' }, { token });
};
const sign = async (id: string, decision: object): Promise<object> => {
  const path = `/v1/actions/${id}/decision-options`;
  const token = await stack.person(COUNSEL);
  const { response, refused } = await ceremony(page, { path, body: decision, token, kind: 'get' });
  if (response === null) throw new Error(`nothing was signed: ${JSON.stringify(refused)}`);
  return response;
};
const parked = async (): Promise<string> => {
  const { status, body } = await stack.ask(FILING);
  expect(status).toBe(202);
  return body.id;
};

describe('a real browser', () => {
  it('brings in a passkey, approves with it, and the permit is redeemed', async () => {
    const enrolled = await enrol(page);
    expect(enrolled.status, JSON.stringify(enrolled.body)).toBe(201);

    const id = await parked();
    const answer = await send(stack, id, APPROVE, COUNSEL, await sign(id, APPROVE));
    expect([answer.status, answer.body.status]).toEqual([200, 'released']);
    const { body } = await stack.call('GET', `/v1/actions/${id}`);
    expect((await stack.call('POST', '/v1/permits/redeem', { permit: body.permit })).status).toBe(200);

    const { records } = (await stack.call('GET', `/v1/records?action=${id}&type=decision`)).body;
    const enrolment = (await stack.call('GET', `/v1/records/${enrolled.body.record}`)).body;
    const verified = await verifyPasskeyDecision(records[0].record, enrolment);
    expect(verified.enrolment).toMatchObject({ person: COUNSEL, origin: originOf(stack), rpId: 'localhost' });
  });

  it('signs with nothing that counts for another decision, or without its person', async () => {
    const [id, other] = [await parked(), await parked()];
    const passkey = await sign(id, APPROVE);
    expect((await send(stack, other, APPROVE, COUNSEL, passkey)).body.code).toBe('passkey-invalid');
    expect((await send(stack, id, { ...APPROVE, reason: 'x' }, COUNSEL, passkey)).body.code).toBe('passkey-invalid');
    await authenticator.session.send('WebAuthn.setUserVerified', {
      ...{ authenticatorId: authenticator.id, isUserVerified: false },
    });
    await expect(sign(id, APPROVE)).rejects.toThrow(/NotAllowedError/);
    await authenticator.session.send('WebAuthn.setUserVerified', {
      ...{ authenticatorId: authenticator.id, isUserVerified: true },
    });
    expect((await send(stack, id, APPROVE, COUNSEL, await sign(id, APPROVE))).body.status).toBe('released');
  });

  it('makes no passkey for another name of the same server', async () => {
    const elsewhere = await open(stack.url);
    await expect(enrol(elsewhere.page)).rejects.toThrow(/SecurityError|NotAllowedError|invalid domain/);
    await elsewhere.page.context().close();
  });
});

describe('Slack, under a stage that asks for a passkey', () => {
  it('shows a link instead of buttons, and refuses a click readably', async () => {
    const id = await parked();
    const user = stack.stack.parts.directory.current('default').person(COUNSEL)?.slack?.user ?? '';
    const { control } = stack.sandbox;
    const message = await control.waitFor(
      () =>
        control
          .messages(control.im(user).id)
          .find((one) => one.threadTs === undefined && JSON.stringify(one.blocks).includes(id)),
      30_000,
    );
    expect(JSON.stringify(message.blocks)).toContain(`/console#${id}`);
    expect(JSON.stringify(message.blocks)).not.toContain('"action_id":"approve"');
    // A client of somebody's own making, whom Slack lets click what is not there.
    const posted = () => stack.stack.parts.store.slackMessages.find('T0SANDBOX', message.channel, message.ts);
    const { revision } = await eventually('the message is stored', async () => (await posted()) ?? undefined);
    const value = buttonValue({ action: id, revision, stage: 0 });
    const { status } = await control.deliver('interaction', {
      type: 'block_actions',
      trigger_id: '1.2.made-up',
      user: { id: user, team_id: 'T0SANDBOX' },
      team: { id: 'T0SANDBOX' },
      channel: { id: message.channel },
      message: { ts: message.ts },
      container: { type: 'message', message_ts: message.ts, channel_id: message.channel },
      actions: [{ action_id: 'approve', block_id: 'controls', value }],
    });
    expect(status).toBe(200);
    const told = await control.waitFor(() => control.ephemerals(user).at(-1), 30_000);
    expect(told.text).toMatch(/Not in Slack/);
    expect((await stack.call('GET', `/v1/actions/${id}`)).body).toMatchObject({
      ...{ status: 'supervised', permit: null, approval: { stages: [{ decisions: [] }] } },
    });
  });
});
