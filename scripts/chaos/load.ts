/** Callers that ask, decide, redeem and report while things go wrong, repeat what was not answered, and remember every answer. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import type { Random } from './faults.ts';

/** What a caller saw, beyond what it asked for, while a fault was there. */
export interface Seen {
  failures: Map<string, number>;
  longestMs: number;
  answers: number;
}

export interface Asked {
  id: string;
  key: string;
  actor: string;
  /** In hundredths. */
  amount: number;
  /** When it was asked for first, and answered, by a clock that nothing happens to. */
  from: number;
  to: number;
  /** As it was answered first. */
  status: string;
  /** What its approver was answered 200 to. */
  decided: 'approve' | 'refuse' | null;
  /** Redeemers that were answered 200. */
  redeemedBy: string[];
  reported: boolean;
}

export interface Load {
  asked: Asked[];
  /** By the name of the fault that was there when the call began. */
  seen: Map<string, Seen>;
  /** What cannot be, whatever goes wrong. */
  wrong: string[];
  calls(): number;
  /** No new action is begun; resolves when all that was begun is done, or the patience is over. */
  finish(): Promise<void>;
}

export interface LoadOptions {
  url: string;
  key: string;
  /** A token of a person who may approve. */
  approver(): string;
  lanes: number;
  /** How long an action waits for people. */
  expiresMs: number;
  random: Random;
  fault(): string;
}

/** How long a caller goes on to repeat a call once the faults are over. Until then nobody gives up: workers may be away for most of the time. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 250;
/** One of so many permits is redeemed, and one of so many decisions made, when it is too late. */
const LATE = 6;
/** How far past its time, so that only a wrong clock could take it for good. */
const PAST_MS = 5000;
/** Actions of one agent: below its daily limit. */
const OF_ONE_AGENT = 10;
/** The agent that wants more than its limit. */
export const GREEDY = 'agent:greedy';

interface Answer {
  status: number;
  body: {
    id?: string;
    status?: string;
    permit?: string | null;
    code?: string;
    action?: { id: string; status: string };
  };
}

export function startLoad({ url, key, approver, lanes, expiresMs, random, fault }: LoadOptions): Load {
  const asked: Asked[] = [];
  const seen = new Map<string, Seen>();
  const wrong: string[] = [];
  let ending = false;
  let givesUp = Number.POSITIVE_INFINITY;
  let calls = 0;

  /** Repeats until it is answered, by anything but that it cannot be answered now. */
  const call = async (
    method: string,
    path: string,
    body?: object,
    { token = key, idempotency }: { token?: string; idempotency?: string } = {},
  ): Promise<Answer | null> => {
    let said = '';
    while (Date.now() < givesUp) {
      const began = performance.now();
      const during = noted(seen, fault());
      calls += 1;
      try {
        const response = await fetch(url + path, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            ...(idempotency === undefined ? {} : { 'idempotency-key': idempotency }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(90_000),
        });
        const text = await response.text();
        if (response.status < 500 && response.status !== 429) {
          during.answers += 1;
          return { status: response.status, body: JSON.parse(text) as Answer['body'] };
        }
        said = text;
        count(during, String(response.status));
      } catch (error) {
        count(during, reason(error));
      } finally {
        during.longestMs = Math.max(during.longestMs, performance.now() - began);
      }
      await sleep(PAUSE_MS);
    }
    wrong.push(
      `${method} ${path} was not answered within ${PATIENCE_MS / 1000} s after the faults, at last ${said.slice(0, 300)}`,
    );
    return null;
  };

  /** Nothing may come of a permit whose time is over, whatever the clocks of the processes say. */
  const redeemLate = async (one: Asked, permit: string): Promise<void> => {
    const { exp = 0 } = decodeJwt(permit);
    await sleep(Math.max(0, exp * 1000 + PAST_MS - Date.now()));
    const answer = await call('POST', '/v1/permits/redeem', { permit, redeemer: `${one.id} late` });
    if (answer?.status === 200) wrong.push(`${one.id} was redeemed after its permit had expired`);
  };

  const decide = async (one: Asked): Promise<void> => {
    const says = random(4) === 0 ? 'refuse' : 'approve';
    const decision = says === 'refuse' ? { decision: says, reason: 'chaos' } : { decision: says };
    const late = random(LATE) === 0;
    if (late) await sleep(Math.max(0, one.to + expiresMs + PAST_MS - Date.now()));
    const answer = await call('POST', `/v1/actions/${one.id}/decisions`, decision, { token: approver() });
    if (answer?.status !== 200) return;
    if (late && says === 'approve') wrong.push(`${one.id} was approved after it had expired`);
    one.decided = says;
  };

  const redeem = async (one: Asked, permit: string): Promise<void> => {
    // Two want it; whoever is not answered asks again under its own name.
    await Promise.all(
      ['first', 'second'].map(async (redeemer) => {
        const name = `${one.id} ${redeemer}`;
        const answer = await call('POST', '/v1/permits/redeem', { permit, redeemer: name });
        if (answer?.status === 200) one.redeemedBy.push(redeemer);
      }),
    );
    if (one.redeemedBy.length > 1) wrong.push(`${one.id} was redeemed by two`);
    const report = await call('POST', `/v1/actions/${one.id}/outcome`, { permit, status: 'executed' });
    one.reported = report?.status === 200;
  };

  const lane = async (number: number): Promise<void> => {
    for (let n = 0; !ending; n += 1) {
      const greedy = random(10) === 0;
      const actor = greedy ? GREEDY : `agent:lane-${number}-${Math.trunc(n / OF_ONE_AGENT)}`;
      const amount = greedy ? 9000 : ([4250, 4250, 25_050, 500_000][random(4)] ?? 4250);
      const idempotency = randomUUID();
      const body = {
        surface: 'payments.refund',
        action: 'refund.create',
        actor: { id: actor, type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
        resource: { type: 'order', id: `ord_${idempotency}` },
        params: { amount: amount / 100, currency: 'USD' },
      };
      const from = Date.now();
      const first = await call('POST', '/v1/actions', body, { idempotency });
      // A refusal is a problem document, which holds the action.
      const { id, status } = first?.body.action ?? first?.body ?? {};
      if (first === null || id === undefined) {
        if (first !== null) wrong.push(`an action was answered ${first.status} ${first.body.code ?? ''}`);
        continue;
      }
      const one: Asked = {
        ...{ id, key: idempotency, actor, amount, from, to: Date.now(), status: status ?? '' },
        ...{ decided: null, redeemedBy: [], reported: false },
      };
      asked.push(one);
      if (one.status === 'supervised') await decide(one);
      const now = await call('GET', `/v1/actions/${id}?wait=20`);
      if (now?.status !== 200) wrong.push(`${id} was answered, and is not there: ${String(now?.status)}`);
      const permit = now?.body.permit ?? null;
      if (permit !== null) await (random(LATE) === 0 ? redeemLate(one, permit) : redeem(one, permit));
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  return {
    asked,
    seen,
    wrong,
    calls: () => calls,
    async finish() {
      ending = true;
      givesUp = Date.now() + PATIENCE_MS;
      await running;
    },
  };
}

function noted(seen: Map<string, Seen>, fault: string): Seen {
  const known = seen.get(fault) ?? { failures: new Map<string, number>(), longestMs: 0, answers: 0 };
  seen.set(fault, known);
  return known;
}

const count = ({ failures }: Seen, what: string): void => void failures.set(what, (failures.get(what) ?? 0) + 1);

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code ?? (error instanceof Error ? error.name : String(error));
}
