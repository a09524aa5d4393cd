/**
 * What a governed action costs beside an empty workflow, all in one run on this machine:
 * a0 stock dev server · a as npm start starts it · b the same, started eagerly · c POST to a sealed approve · d POST to a sealed
 * supervise with its Slack message sent.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { REFUND, startTestStack } from '../../test/support/stack.ts';
import { measure, type Timing } from './measure.ts';
import { emptyWorkflow } from './temporal.ts';

const SEQUENTIAL = 300;
const counts = { warmUp: 30, sequential: SEQUENTIAL, concurrent: 600 };

/** Plain HTTP over connections that stay open, as services talk; `fetch` would be a part of what is measured. */
function poster(url: string, key: string): (action: object) => Promise<{ status: number; body: string }> {
  const agent = new Agent({ keepAlive: true });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return (action) =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', agent, headers: { ...headers, 'idempotency-key': randomUUID() } };
      const sent = request(new URL('/v1/actions', url), options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (body += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(action));
    });
}

async function actions(): Promise<{ c: Timing; d: Timing }> {
  const it = await startTestStack();
  try {
    const post = poster(it.url, it.stack.firstKey ?? '');
    const ask = async (amount: number): Promise<string> => {
      const { status, body } = await post({ ...REFUND, params: { amount, currency: 'USD' } });
      if (status !== (amount <= 100 ? 200 : 202)) throw new Error(`asked for ${amount}, answered ${status}: ${body}`);
      return (JSON.parse(body) as { id: string }).id;
    };
    const c = await measure(async (n) => void (await ask((n % 99) + 1)), counts);
    const posted = new Set<string>();
    let seen = 0;
    const told = (id: string): boolean => {
      const { calls } = it.sandbox.control;
      for (; seen < calls.length; seen += 1) {
        const call = calls[seen];
        if (call?.method === 'chat.postMessage')
          for (const [found] of JSON.stringify(call).matchAll(/act_[0-9a-f]{64}/g)) posted.add(found);
      }
      return posted.has(id);
    };
    const d = await measure(
      async () => {
        const id = await ask(420.5);
        await it.sandbox.control.waitFor(() => told(id), 60_000);
      },
      { ...counts, concurrent: 200 },
    );
    return { c, d };
  } finally {
    await it.stop();
  }
}

const ms = (value: number): string => value.toFixed(1).padStart(8);
const row = (name: string, { p50, p95, p99, throughput }: Timing): string =>
  `${name.padEnd(66)} ${ms(p50)} ${ms(p95)} ${ms(p99)} ${throughput.toFixed(0).padStart(8)}`;

export async function latency(): Promise<boolean> {
  console.log(`${SEQUENTIAL} one after another, in milliseconds; throughput per second with 32 in flight`);
  console.log(`${''.padEnd(66)}      p50      p95      p99    per s`);
  const a0 = await emptyWorkflow({ stock: true, eager: false }, { ...counts, concurrent: 300 });
  console.log(row('a0 empty workflow, stock dev server', a0));
  const a = await emptyWorkflow({ stock: false, eager: false }, counts);
  console.log(row('a  empty workflow, dev server as npm start starts it', a));
  const b = await emptyWorkflow({ stock: false, eager: true }, counts);
  console.log(row('b  the same, eager start on a shared native connection', b));
  const { c, d } = await actions();
  console.log(row('c  POST /v1/actions to a sealed approve', c));
  console.log(row('d  POST /v1/actions to a sealed supervise, Slack message sent', d));
  const bounds: [string, number, number][] = [
    ['c/a0', c.p50 / a0.p50, 0.4],
    ['c/a', c.p50 / a.p50, 1.2],
    ['c/b', c.p50 / b.p50, 1.8],
  ];
  let held = true;
  for (const [name, ratio, most] of bounds) {
    held &&= ratio <= most;
    console.log(`${name.padEnd(5)} ${ratio.toFixed(2)} (at most ${most})${ratio <= most ? '' : '  NOT HELD'}`);
  }
  console.log(`d/b   ${(d.p50 / b.p50).toFixed(2)}`);
  const share = c.throughput / b.throughput;
  held &&= share >= 0.5;
  console.log(`throughput c/b ${share.toFixed(2)} (at least 0.5)${share >= 0.5 ? '' : '  NOT HELD'}`);
  return held;
}
