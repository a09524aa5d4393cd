/** Good inputs of before, asked of any stack through its API, and its answers without what differs from run to run. */
import { eventually } from '../support/eventually.ts';

/** A stack that runs, whatever its version. */
export interface Asked {
  url: string;
  key: string;
  /** A token of a person of the directory. */
  token(person: string): Promise<string>;
}

export interface Answered {
  step: string;
  status: number;
  body: unknown;
}

const LEAD = 'user:finance-lead@acme.test';
const AUDITOR = 'user:auditor@acme.test';
const refund = (amount: number, order: string): object => ({
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent' },
  resource: { type: 'order', id: order },
  params: { amount, currency: 'USD' },
});

/** Ids, hashes, times, tokens and signatures stand for all of their kind. */
const CHANGING: readonly [RegExp, string][] = [
  [/\bact_[0-9a-f]{8,64}…?/g, '<action>'],
  [/\bfrz_[0-9a-f]+/g, '<freeze>'],
  [/sha256:[0-9a-f]{64}/g, '<hash>'],
  [/\bkey:[0-9a-f]{12}/g, 'key:<id>'],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/http:\/\/127\.0\.0\.1:\d+/g, '<url>'],
  // It may begin or end with a hyphen, where no word ends.
  [/(?<![\w-])[\w-]{43}(?![\w-])/g, '<key id>'],
];
export const withoutChanging = (text: string): string =>
  CHANGING.reduce((said, [what, name]) => said.replaceAll(what, name), text);

/** Asks everything in order; each step's answer is one of the list. */
export async function askAll(stack: Asked): Promise<Answered[]> {
  const answers: Answered[] = [];
  const call = async (
    step: string,
    method: string,
    path: string,
    { body, token = stack.key, key }: { body?: unknown; token?: string | null; key?: string } = {},
  ): Promise<Record<string, unknown>> => {
    const response = await fetch(stack.url + path, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '') && !path.includes('jsonl');
    const shown: unknown = isJson ? JSON.parse(withoutChanging(text) || 'null') : withoutChanging(text).split(/\r?\n/);
    answers.push({ step, status: response.status, body: shown });
    return (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>;
  };
  const ask = (step: string, amount: number, order: string): ReturnType<typeof call> =>
    call(step, 'POST', '/v1/actions?wait=20', { body: refund(amount, order), key: `golden-${order}` });
  const decide = async (step: string, { id }: Record<string, unknown>, body: object): Promise<void> => {
    await call(step, 'POST', `/v1/actions/${String(id)}/decisions`, { body, token: await stack.token(LEAD) });
  };

  for (const amount of [50, 420.5, 5000]) {
    await call(`what policy would say of ${amount}`, 'POST', '/v1/evaluate', { body: refund(amount, `o${amount}`) });
  }
  const small = await ask('a small refund is released', 50, 'small');
  await ask('the same again is the same answer', 50, 'small');
  await call('its permit is redeemed', 'POST', '/v1/permits/redeem', { body: { permit: small['permit'] } });
  const report = { permit: small['permit'], status: 'executed', reference: 'r-1' };
  await call('its outcome is reported', 'POST', `/v1/actions/${String(small['id'])}/outcome`, { body: report });
  await call('it is read', 'GET', `/v1/actions/${String(small['id'])}`);
  await ask('a large one is refused', 5000, 'large');
  const medium = await call('a medium one waits', 'POST', '/v1/actions', {
    body: refund(420.5, 'medium'),
    key: 'golden-medium',
  });
  await decide('no reason is no refusal', medium, { decision: 'refuse' });
  await decide('it is approved', medium, { decision: 'approve', reason: 'the customer is right' });
  const no = await call('another one waits', 'POST', '/v1/actions', { body: refund(300, 'no'), key: 'golden-no' });
  await decide('it is refused by a human', no, { decision: 'refuse', reason: 'not ours' });
  await decide('and not decided again', no, { decision: 'approve', reason: 'yes' });
  const back = await call('a third one waits', 'POST', '/v1/actions', { body: refund(250, 'back'), key: 'golden-back' });
  await call('it is withdrawn', 'POST', `/v1/actions/${String(back['id'])}/cancel`, { body: {} });
  await call('another body under a used key', 'POST', '/v1/actions', { body: refund(51, 'small'), key: 'golden-small' });
  await call('no key', 'POST', '/v1/actions', { body: refund(51, 'x') });
  await call('no credential', 'POST', '/v1/actions', { body: refund(51, 'x'), key: 'x', token: null });
  await call('no such field', 'POST', '/v1/actions', { body: { ...refund(51, 'x'), amount: 5 }, key: 'x' });
  await call('no JSON', 'POST', '/v1/actions', { body: '{', key: 'x' });
  const frozen = await call('a surface is frozen', 'POST', '/v1/freezes', {
    body: { scope: 'surface', value: 'payments.refund', reason: 'an inquiry' },
  });
  await ask('nothing is released meanwhile', 20, 'frozen');
  await call('and lifted', 'DELETE', `/v1/freezes/${String(frozen['id'])}`, { body: { reason: 'it is over' } });
  await eventually('the tables include every record', async () => {
    const headers = { authorization: `Bearer ${stack.key}` };
    const list = (await (await fetch(`${stack.url}/v1/actions?limit=1`, { headers })).json()) as {
      asOf: { size: number; logSize: number };
    };
    return list.asOf.size === list.asOf.logSize || undefined;
  });
  const auditor = await stack.token(AUDITOR);
  const records = await call('records are found', 'GET', '/v1/records?surface=payments.refund&limit=100', {
    token: auditor,
  });
  const [first] = records['records'] as { hash: string }[];
  await call('one is read', 'GET', `/v1/records/${first?.hash ?? ''}`, { token: auditor });
  await call('it is taken away as a table', 'GET', '/v1/export?format=csv&surface=payments.refund', { token: auditor });
  await call('and as lines', 'GET', '/v1/export?format=jsonl&surface=payments.refund', { token: auditor });
  return answers;
}
