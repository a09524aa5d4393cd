/** What 128 callers see of an API that can do less: `npm run bench overload [COUNT] [LIMIT]`, with a limit of requests at work and as shipped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../percentile.ts';
import { startMany, inLanes, request, type ManyStack } from './stack.ts';
import { keepRun } from './runs.ts';

const [FEW, MANY] = [8, 128];
/** As many as {@link FEW}: whoever is accepted then waits for no more than they did. */
const LIMIT = 8;
const [WORSE, REFUSED_MS] = [3, 100];

interface Seen {
  accepted: number[];
  refused: number[];
  wrong: number;
}

/** Asks for so many; whoever is refused comes again when it was told to. */
async function load({ call }: ManyStack, lanes: number, count: number): Promise<Seen> {
  const seen: Seen = { accepted: [], refused: [], wrong: 0 };
  await inLanes(lanes, count, async () => {
    for (;;) {
      const { status, retryAfter, ms } = await call('POST', '/v1/actions', request(42.5));
      if (status === 200) return void seen.accepted.push(ms);
      if (status !== 503 || retryAfter === null) return void (seen.wrong += 1);
      seen.refused.push(ms);
      // Not all at the same moment again, as clients do it.
      await sleep(Number(retryAfter) * 1000 * (1 + Math.random()));
    }
  });
  return seen;
}

async function ratioOf(limit: number | null, count: number): Promise<{ ratio: number; refusedMs: number; seen: Seen }> {
  const env = limit === null ? {} : { COUNTERSIGN_REQUESTS_AT_ONCE: String(limit) };
  const stack = await startMany({ withinS: 3600 }, env);
  try {
    await load(stack, FEW, 100);
    const few = await load(stack, FEW, count);
    const many = await load(stack, MANY, 2 * count);
    return {
      ratio: percentile(many.accepted, 0.99) / percentile(few.accepted, 0.99),
      refusedMs: percentile(many.refused, 0.5),
      seen: { ...many, wrong: many.wrong + few.wrong },
    };
  } finally {
    await stack.stop();
  }
}

export async function overload(count = 400, limit = LIMIT): Promise<boolean> {
  const limited = await ratioOf(limit, count);
  const shipped = await ratioOf(null, count);
  const { accepted, refused, wrong } = limited.seen;
  keepRun('overload', [
    [
      `p99 of the accepted at ${MANY} in flight / at ${FEW}, ${limit} at work`,
      `${limited.ratio.toFixed(2)} (at most ${WORSE})`,
    ],
    ['the same as shipped, 512 at work', shipped.ratio.toFixed(2)],
    ['accepted, refused, anything else', `${accepted.length}, ${refused.length}, ${wrong + shipped.seen.wrong}`],
    ['p50 of a refusal', `${limited.refusedMs.toFixed(0)} ms (at most ${REFUSED_MS})`],
  ]);
  return limited.ratio <= WORSE && limited.refusedMs <= REFUSED_MS && wrong === 0;
}
