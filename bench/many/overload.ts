/** What 128 callers see of an API that can do less: `npm run bench overload [SECONDS] [LIMIT]`, with a limit of requests at work and as shipped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../percentile.ts';
import { startMany, inLanes, request, type ManyStack } from './stack.ts';
import { keepRun } from './runs.ts';

const [FEW, MANY] = [8, 128];
/** As many as {@link FEW}: whoever is accepted then waits for no more than they did. */
const LIMIT = 8;
const [WORSE, REFUSED_MS] = [3, 100];

/** Longer than a workflow rests before its first task, so that what was asked before is at work while it is measured. */
const WARM_S = 40;
/** Longer than overload has to last until the first is refused. */
const LASTING_S = 15;

interface Seen {
  accepted: number[];
  refused: number[];
  wrong: number;
}

/** Asks for so long; whoever is refused comes again when it was told to. */
async function load({ call }: ManyStack, lanes: number, seconds: number): Promise<Seen> {
  const seen: Seen = { accepted: [], refused: [], wrong: 0 };
  const until = performance.now() + seconds * 1000;
  await inLanes(lanes, lanes, async () => {
    while (performance.now() < until) {
      const { status, retryAfter, ms } = await call('POST', '/v1/actions', request(42.5));
      if (status === 200) seen.accepted.push(ms);
      else if (status !== 503 || retryAfter === null) seen.wrong += 1;
      else {
        seen.refused.push(ms);
        // Not all at the same moment again, as clients do it.
        await sleep(Number(retryAfter) * 1000 * (1 + Math.random()));
      }
    }
  });
  return seen;
}

interface Compared {
  /** Of the 99th percentiles and of the medians. */
  p99: number;
  p50: number;
  /** Of refusals, in milliseconds. */
  refusedMs: number;
  seen: Seen;
}

async function compared(limit: number | null, seconds: number): Promise<Compared> {
  const env = limit === null ? {} : { COUNTERSIGN_REQUESTS_AT_ONCE: String(limit) };
  const stack = await startMany({ withinS: 3600 }, env);
  try {
    await load(stack, FEW, WARM_S);
    const before = await load(stack, FEW, seconds);
    if (limit === null) await load(stack, MANY, LASTING_S);
    const many = await load(stack, MANY, seconds);
    await load(stack, FEW, WARM_S / 4);
    // On both sides, for the machine may have got busier.
    const after = await load(stack, FEW, seconds);
    const few = [...before.accepted, ...after.accepted];
    const ratio = (of: number): number => percentile(many.accepted, of) / percentile(few, of);
    return {
      p99: ratio(0.99),
      p50: ratio(0.5),
      refusedMs: percentile(many.refused, 0.5),
      seen: { ...many, wrong: before.wrong + many.wrong + after.wrong },
    };
  } finally {
    await stack.stop();
  }
}

export async function overload(seconds = 30, limit = LIMIT): Promise<boolean> {
  const limited = await compared(limit, seconds);
  const shipped = await compared(null, seconds);
  const counts = ({ accepted, refused, wrong }: Seen): string => `${accepted.length}, ${refused.length}, ${wrong}`;
  const against = `of the accepted at ${MANY} in flight / at ${FEW}`;
  keepRun('overload', [
    [`p99 ${against}, ${limit} at work`, `${limited.p99.toFixed(2)} (at most ${WORSE})`],
    [`p50 ${against}, ${limit} at work`, limited.p50.toFixed(2)],
    [`p99 ${against}, as shipped, once it lasts`, `${shipped.p99.toFixed(2)} (at most ${WORSE})`],
    [`p50 ${against}, as shipped, once it lasts`, shipped.p50.toFixed(2)],
    [`accepted, refused, anything else, ${limit} at work`, counts(limited.seen)],
    ['accepted, refused, anything else, as shipped', counts(shipped.seen)],
    [
      `p50 of a refusal, ${limit} at work, and as shipped`,
      `${limited.refusedMs.toFixed(0)}, ${shipped.refusedMs.toFixed(0)} ms (at most ${REFUSED_MS})`,
    ],
  ]);
  return [limited, shipped].every(
    ({ p99, refusedMs, seen }) => p99 <= WORSE && refusedMs <= REFUSED_MS && seen.wrong === 0,
  );
}
