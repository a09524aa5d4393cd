/**
 * What a governed action costs beside an empty workflow, all in one run on this machine:
 * a0 stock dev server · a as npm start starts it · b the same, started eagerly · c POST to a sealed approve · d POST to a sealed
 * supervise with its Slack message sent · e the whole of c: redeemed and reported, too, and its workflow ended.
 */
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { REFUND, startTestStack, type TestStack } from '../../test/support/stack.ts';
import { measure, type Contender, type Timing } from './measure.ts';
import { startEmptyWorkflows } from './temporal.ts';

/** How often each is measured; the small one is for a machine that does something else beside. */
const WHOLE = { warmUp: 300, sequential: 300, concurrent: 600, rounds: 10 };
const SMALL = { warmUp: 60, sequential: 100, concurrent: 320, rounds: 5 };

/**
 * As shipped; a longer one would wake each workflow, because its permit runs out within ten times that. So the first tasks of what `c` asked
 * and nobody reports fall into later turns of all. What an action costs behind its answer is in `e`, whose workflow has its one task with
 * the report.
 */
const START_DELAY_MS = '30000';

/** Plain HTTP over connections that stay open, as services talk; `fetch` would be a part of what is measured. */
function poster(url: string, key: string): (path: string, body: object) => Promise<{ status: number; body: string }> {
  const agent = new Agent({ keepAlive: true });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return (path, sending) =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', agent, headers: { ...headers, 'idempotency-key': randomUUID() } };
      const sent = request(new URL(path, url), options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (body += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(sending));
    });
}

/** Ours: `c` answered from a sealed approve, `d` from a sealed supervise whose message Slack has, `e` reported after it was redeemed. */
function governed(it: TestStack): { c(n: number): Promise<void>; d(): Promise<void>; e(n: number): Promise<void> } {
  const post = poster(it.url, it.stack.firstKey ?? '');
  const ask = async (amount: number): Promise<{ id: string; permit: string }> => {
    const { status, body } = await post('/v1/actions', { ...REFUND, params: { amount, currency: 'USD' } });
    if (status !== (amount <= 100 ? 200 : 202)) throw new Error(`asked for ${amount}, answered ${status}: ${body}`);
    return JSON.parse(body) as { id: string; permit: string };
  };
  const say = async (path: string, about: object): Promise<void> => {
    const { status, body } = await post(path, about);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
  };
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
  return {
    c: async (n) => void (await ask((n % 99) + 1)),
    d: async () => {
      const { id } = await ask(420.5);
      await it.sandbox.control.waitFor(() => told(id), 60_000);
    },
    e: async (n) => {
      const { id, permit } = await ask((n % 99) + 1);
      await say('/v1/permits/redeem', { permit });
      await say(`/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    },
  };
}

const ms = (value: number): string => value.toFixed(1).padStart(8);
const row = (name: string, { p50, p95, p99, throughput, processorMs }: Timing): string => {
  const perSecond = Number.isNaN(throughput) ? '' : throughput.toFixed(0);
  return `${name.padEnd(66)} ${ms(p50)} ${ms(p95)} ${ms(p99)} ${perSecond.padStart(8)} ${ms(processorMs)}`;
};

export interface Ratio {
  name: string;
  ratio: number;
  /** What it should be; null where it is information. */
  bound: string | null;
  held: boolean;
}

export interface Latency {
  rows: { name: string; timing: Timing }[];
  ratios: Ratio[];
}

/** Times all of them in one run. @param say told how it goes on */
export async function compareLatency(small: boolean, say: (line: string) => void = () => undefined): Promise<Latency> {
  const stock = await startEmptyWorkflows({ stock: true });
  const tuned = await startEmptyWorkflows({ stock: false });
  const it = await startTestStack({ COUNTERSIGN_START_DELAY_MS: START_DELAY_MS });
  const { c, d, e } = governed(it);
  const alone: Contender = {
    name: 'a0 empty workflow, stock dev server',
    run: () => stock.execute({ eager: false }),
  };
  const contenders: Contender[] = [
    { name: 'a  empty workflow, dev server as npm start starts it', run: () => tuned.execute({ eager: false }) },
    { name: 'b  the same, eager start on a shared native connection', run: () => tuned.execute({ eager: true }) },
    { name: 'c  POST /v1/actions to a sealed approve', run: c },
    { name: 'd  POST /v1/actions to a sealed supervise, Slack message sent', run: d, alone: true },
    { name: 'e  c, then redeemed and reported, and its workflow ended', run: e, alone: true },
  ];
  const counts = small ? SMALL : WHOLE;
  say(
    `${counts.sequential} of each one after another, in milliseconds; throughput per second with 32 in flight; processor time of all processes for one`,
  );
  // By itself and at a stretch: what it waits for is a timer of the server, which forgives the first few after a rest.
  const [a0] = (await measure([alone], { ...counts, rounds: 1 })) as [Timing];
  await stock.stop();
  const timings = (await measure(contenders, counts)) as [Timing, Timing, Timing, Timing, Timing];
  await Promise.all([tuned.stop(), it.stop()]);
  const [a, b, forC, forD] = timings;
  const atMost = (name: string, ratio: number, bound: number): Ratio => ({
    ...{ name, ratio, bound: `at most ${bound}`, held: ratio <= bound },
  });
  const share = forC.throughput / b.throughput;
  return {
    rows: [alone, ...contenders].map(({ name }, i) => ({ name, timing: [a0, ...timings][i] as Timing })),
    ratios: [
      // a0 waits for a timer of the server.
      { name: 'c/a0', ratio: forC.p50 / a0.p50, bound: null, held: true },
      atMost('c/a', forC.p50 / a.p50, 0.6),
      atMost('c/b', forC.p50 / b.p50, 0.9),
      atMost('d/b', forD.p50 / b.p50, 4),
      atMost('processor time c/b', forC.processorMs / b.processorMs, 1),
      { name: 'throughput c/b', ratio: share, bound: 'at least 1.2', held: share >= 1.2 },
    ],
  };
}

export async function latency(small = false): Promise<boolean> {
  const { rows, ratios } = await compareLatency(small, (line) => console.log(line));
  console.log(`${''.padEnd(66)}      p50      p95      p99    per s      cpu`);
  for (const { name, timing } of rows) console.log(row(name, timing));
  for (const { name, ratio, bound, held } of ratios)
    console.log(`${name} ${ratio.toFixed(2)}${bound === null ? '' : ` (${bound})`}${held ? '' : '  NOT HELD'}`);
  return ratios.every(({ held }) => held);
}
