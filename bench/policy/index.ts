/**
 * `npm run bench policy`: what a judgement costs, beside the same policy in the peers' own form, in one run.
 * Prints p50 and p95 in microseconds, ratios to Countersign's own, and the bounds of the issue with whether each is held.
 */
import { parse as celParse } from '@bufbuild/cel';
import { hashOf } from '../../src/canonical/index.ts';
import { actionRequestSchema, type Facts } from '../../src/contract/index.ts';
import { buildBundle, compileBundle, evaluate, policiesOf, type CompiledBundle } from '../../src/policy/index.ts';
import { REQUEST, RULES, condition, makePeers } from './peers.ts';

const WARM_UP = 2_000;
const RUNS = 4_000;

interface Figures {
  p50: number;
  p95: number;
}

async function measure(work: () => unknown): Promise<Figures> {
  for (let run = 0; run < WARM_UP; run += 1) await work();
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const start = process.hrtime.bigint();
    const answer = work();
    if (answer instanceof Promise) await answer;
    times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  times.sort((a, b) => a - b);
  return { p50: times[RUNS / 2] ?? 0, p95: times[Math.floor(RUNS * 0.95)] ?? 0 };
}

function policyText(name: string, surface: string): string {
  const rules = Array.from(
    { length: RULES },
    (_, index) => `  - { id: r${index + 1}, when: '${condition(index + 1)}', then: approve }`,
  );
  return `policy: ${name}\nsurfaces: [${surface}]\nrules:\n${rules.join('\n')}\n`;
}

function build(texts: string[]): { source: CompiledBundle['source']; hash: string } {
  const { bundle, problems } = buildBundle(texts.map((text, index) => ({ path: `p${index}.yaml`, text })));
  if (bundle === null) throw new Error(problems[0]?.message ?? 'no bundle');
  return bundle;
}

const facts: Facts = { now: '2026-11-21T09:00:00.000Z', limits: [], people: {}, conflict: null };
const one = build([policyText('refunds', REQUEST.surface)]);
const bundle = compileBundle(one.source, one.hash);
const body = JSON.stringify(REQUEST);

const last = evaluate(bundle, REQUEST, facts);
if (last.verdict.rule !== `r${RULES}`) throw new Error('the last rule does not match');

const rows: [string, Figures][] = [
  ['countersign: judge', await measure(() => evaluate(bundle, REQUEST, facts))],
  ['countersign: judge, traced', await measure(() => evaluate(bundle, REQUEST, facts, { trace: true }))],
  [
    'countersign: parse, validate, hash, judge',
    await measure(() => {
      const request = actionRequestSchema.parse(JSON.parse(body));
      hashOf(request);
      return evaluate(bundle, request, facts);
    }),
  ],
];
for (const peer of await makePeers()) {
  if ((await peer.judge()) !== true) throw new Error(`${peer.name} does not approve`);
  rows.push([peer.name, await measure(peer.judge)]);
}

const texts = Array.from({ length: 1000 }, (_, index) =>
  policyText(`p${index}`, index === 500 ? REQUEST.surface : `other.s${index}`),
);
const many = build(texts.map((text, index) => text.replaceAll('"production"', `"production" && "${index}" != ""`)));
const expressions = policiesOf(many).flatMap(({ rules }) => rules.map(({ when }) => when));
const parsing = process.hrtime.bigint();
for (const expression of expressions) celParse(expression);
const parseMs = Number(process.hrtime.bigint() - parsing) / 1e6;
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const start = process.hrtime.bigint();
const large = compileBundle(many.source, many.hash);
const compileMs = Number(process.hrtime.bigint() - start) / 1e6;
globalThis.gc?.();
const heapMb = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20;
const ofOne = build([policyText('p500', REQUEST.surface).replaceAll('"production"', '"production" && "500" != ""')]);
const small = compileBundle(ofOne.source, ofOne.hash);
rows.push(['countersign: one of 1 policy', await measure(() => evaluate(small, REQUEST, facts))]);
rows.push(['countersign: one of 1,000 policies', await measure(() => evaluate(large, REQUEST, facts))]);

const p50 = (name: string): number => rows.find(([row]) => row === name)?.[1].p50 ?? Number.NaN;
const own = p50('countersign: judge');
console.log(`${RULES} rules, the last one matching; ${RUNS} runs; Node ${process.versions.node}\n`);
console.log(`${'µs'.padEnd(44)}${'p50'.padStart(9)}${'p95'.padStart(9)}${'ratio'.padStart(9)}`);
for (const [name, figures] of rows) {
  const cells = [figures.p50.toFixed(1), figures.p95.toFixed(1), `${(figures.p50 / own).toFixed(2)}×`];
  console.log(name.padEnd(44) + cells.map((cell) => cell.padStart(9)).join(''));
}
const cel = p50('@bufbuild/cel alone');
const bounds: [string, number, number][] = [
  ['judge over @bufbuild/cel alone', own / cel, 0.6],
  ['judge over Cedar WASM', own / p50('Cedar WASM'), 0.2],
  ['with validation and hashing over @bufbuild/cel alone', p50('countersign: parse, validate, hash, judge') / cel, 2],
  ['compile 1,000 policies of 20 rules over parsing the same rules', compileMs / parseMs, 1.5],
  ['1,000 policies over one', p50('countersign: one of 1,000 policies') / p50('countersign: one of 1 policy'), 2],
  ['judge over casbin', own / p50('casbin'), 1],
  ['judge over json-rules-engine', own / p50('json-rules-engine'), 1],
];
console.log();
for (const [name, value, bound] of bounds) {
  console.log(`${value <= bound ? 'held  ' : 'MISSED'} ${name}: ${value.toFixed(2)} (bound ${bound})`);
}
console.log(
  `\nmemory of 1,000 compiled policies: ${heapMb.toFixed(0)} MiB${globalThis.gc === undefined ? ' (run with --expose-gc for an exact figure)' : ''}`,
);
