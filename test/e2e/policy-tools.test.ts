import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyFiles } from '../../src/main/policies.ts';
import { replayAll } from '../support/replay-all.ts';
import { inForce, policiesFolder, RISK } from '../support/policies.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';
import { countersign, type Ran } from '../cli/harness.ts';

interface Suggested {
  policy: string;
  through: number;
  fewer: number;
  diff: string;
}

let it_: TestStack;
let first: string;
const work = mkdtempSync(join(tmpdir(), 'countersign-tools-'));
/** 100 is no longer approved at once, and 500 is refused. */
const candidate = policiesFolder({
  'payments.refund.yaml': readFileSync('policies/payments.refund.yaml', 'utf8')
    .replace('params.amount <= 100 ', 'params.amount <= 50 ')
    .replace('params.amount <= 1000', 'params.amount <= 400'),
});

const run = (...args: string[]): Promise<Ran> =>
  countersign([...args, '--url', it_.url, '--data', it_.dataDir], { env: { COUNTERSIGN_POLICIES: 'policies' } });
const offline = (...args: string[]): Promise<Ran> => countersign(args, {});
const file = (name: string, value: unknown): string => {
  const path = join(work, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
};

/** Three approved (one of them small enough for the candidate), four parked, one refused. */
const AMOUNTS = [20, 80, 90, 300, 450, 500, 600, 5000];

beforeAll(async () => {
  it_ = await startTestStack();
  first = await inForce(it_);
  for (const amount of AMOUNTS) await it_.ask(refund(amount));
});
afterAll(async () => {
  await it_.stop();
  rmSync(work, { recursive: true, force: true });
  candidate.remove();
});

describe('policy backtest', () => {
  it('says which sealed verdicts a candidate would change', async () => {
    const range = ['--surface', 'payments.refund', '--from', '2020-01-01', '--policies', candidate.path];
    const ran = await run('policy', 'backtest', ...range);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(ran.out).toContain('5 of 8 would change: 3 supervise → refuse, 2 approve → supervise');
    const json = JSON.parse((await run('policy', 'backtest', ...range, '--json')).out) as object;
    expect(json).toMatchObject({ total: 8, changed: 5, assumed: 0, erased: 0, truncated: false });
    expect((await run('policy', 'backtest', '--surface', 'payments.refund', '--to', '2020-01-01')).out).toContain(
      'none of 0',
    );
    expect((await run('policy', 'backtest', '--bundle', 'in-force')).out).toContain('none of');
  });

  it('counts what erasure left no request of, and is for auditors', async () => {
    const { body } = await it_.ask(refund(60));
    await it_.stack.parts.store.payloads.erase('default', body.id);
    const range = ['--surface', 'payments.refund', '--policies', candidate.path];
    expect((await run('policy', 'backtest', ...range)).out).toMatch(/5 of 8 would change.*\n1 more were left out/);
    const body_ = { bundle: first };
    for (const [person, status] of [
      ['user:auditor@acme.test', 200],
      [LEAD, 403],
    ] as const) {
      const answer = await it_.call('POST', '/v1/policies/backtest', body_, { token: await it_.person(person) });
      expect(answer.status).toBe(status);
    }
    expect((await run('policy', 'backtest', '--from', 'yesterday')).code).toBe(2);
  });
});

describe('policy diff', () => {
  it('compares folders, stored bundles and what is in force, over cases or sealed history', async () => {
    const cases = await run('policy', 'diff', 'in-force', candidate.path);
    expect([cases.code, cases.err]).toEqual([0, '']);
    expect(cases.out).toContain('~ payments.refund');
    const same = await run('policy', 'diff', first, 'policies');
    expect([same.code, same.out]).toEqual([0, expect.stringMatching(/^0 of \d+ cases/)]);
    const recorded = await run('policy', 'diff', first, candidate.path, '--recorded', '--surface', 'payments.refund');
    expect(recorded.out).toContain('5 of 8 would change');
    const back = await run('policy', 'diff', candidate.path, first, '--recorded', '--surface', 'payments.refund');
    expect(back.out).toContain('5 of 8 would change: 3 refuse → supervise, 2 supervise → approve');
    expect((await run('policy', 'diff', 'policies', 'policies', '--from', '2020-01-01')).code).toBe(2);
    expect((await run('policy', 'diff', 'policies', `sha256:${'0'.repeat(64)}`)).code).toBe(2);
  });
});

describe('evaluate', () => {
  it.each([
    ['10', 0, /^approve \(rule\)/],
    ['300', 4, /^supervise \(rule\)[^]*stage {4}finance: user:cfo/],
    ['5000', 3, /^refuse \(rule\)[^]*trace.*large: matched/],
  ])('of %s exits %i, by the server and offline alike', async (amount, code, said) => {
    const request = file('request.json', refund(Number(amount)));
    const there = await run('evaluate', '--file', request);
    const here = await offline('evaluate', '--file', request, '--offline');
    expect([there.code, here.code]).toEqual([code, code]);
    expect(there.out).toMatch(said);
    expect(here.out).toBe(there.out);
  });

  it('takes time and limits as facts, offline only', async () => {
    const request = file('request.json', refund(10));
    const used = await offline('evaluate', '--file', request, '--offline', '--used', 'agent-daily=1000000', '--json');
    expect(JSON.parse(used.out)).toMatchObject({ verdict: { decision: 'supervise' } });
    expect((await run('evaluate', '--file', request, '--used', 'agent-daily=1')).code).toBe(2);
    expect((await offline('evaluate', '--file', request, '--offline', '--now', 'later')).code).toBe(2);
  });
});

describe('policy suggest', () => {
  const small = [110, 120, 130, 140, 150, 160];
  const suggested = async (more: object = {}, token?: string) => {
    const files = readPolicyFiles('policies');
    const body = { files, surface: 'payments.refund', ...more };
    return it_.call('POST', '/v1/policies/suggest', body, token === undefined ? {} : { token });
  };
  let refused: number;

  it('says where people were asked for nothing, as a diff with cases that passes lint, and lets no no through', async () => {
    const decide = async (amount: number, decision: object) => {
      const { body } = await it_.ask(refund(amount, { resource: { type: 'order', id: `ord_s${String(amount)}` } }));
      const path = `/v1/actions/${String(body.id)}/decisions`;
      expect((await it_.call('POST', path, decision, { token: await it_.person(LEAD) })).status).toBe(200);
    };
    refused = 135;
    for (const amount of small) await decide(amount, { decision: 'approve', reason: 'fine' });
    const free = await run('policy', 'suggest', '--surface', 'payments.refund', '--policies', 'policies', '--json');
    expect([free.code, free.err]).toEqual([0, '']);
    const { suggestions } = JSON.parse(free.out) as { suggestions: Suggested[] };
    expect(suggestions.length).toBeGreaterThan(0);
    for (const one of suggestions) {
      expect(one).toMatchObject({ policy: 'payments.refund', through: 0 });
      const changed = mkdtempSync(join(work, 'suggested-'));
      cpSync('policies', changed, { recursive: true });
      writeFileSync(join(changed, 'it.diff'), one.diff);
      execFileSync('git', ['apply', '--unsafe-paths', `--directory=${changed}`, join(changed, 'it.diff')], {
        cwd: '/',
      });
      rmSync(join(changed, 'it.diff'));
      expect((await offline('policy', 'lint', changed)).code).toBe(0);
      expect((await offline('policy', 'test', changed)).code).toBe(0);
    }
    // The diffs alone are on standard output.
    const told = await run('policy', 'suggest', '--surface', 'payments.refund', '--policies', 'policies');
    expect(told.out).toMatch(/^--- /);
    expect(told.err).toContain('0 let through that people refused');

    // One no among them, and nothing that would let it pass is suggested unless somebody says so.
    await decide(refused, { decision: 'refuse', reason: 'not this one' });
    const careful = (await suggested()).body.suggestions as Suggested[];
    expect(careful.every(({ through }) => through === 0)).toBe(true);
    const bold = (await suggested({ through: 1 })).body.suggestions as Suggested[];
    expect(bold.some(({ through, fewer }) => through === 1 && fewer >= small.length)).toBe(true);
  });

  it('is for auditors and owners, and takes whole numbers', async () => {
    expect((await suggested({}, await it_.person(LEAD))).status).toBe(403);
    expect((await suggested({}, await it_.person('user:auditor@acme.test'))).status).toBe(200);
    expect((await suggested({ through: -1 })).status).toBe(400);
    expect((await run('policy', 'suggest', '--through', 'some')).code).toBe(2);
  });
});

describe('policy publish', () => {
  it('asks, waits for a yes, and takes an earlier bundle back', async () => {
    const folder = policiesFolder({
      'payments.refund.yaml': readFileSync('policies/payments.refund.yaml', 'utf8').replace('4h', '3h'),
    });
    const asked = await run('policy', 'publish', folder.path, '--reason', 'shorter', '--json');
    expect(asked.code).toBe(4);
    const { id } = JSON.parse(asked.out) as { id: string };
    const waiting = run('show', id, '--wait');
    expect((await run('approve', id, '--as', RISK, '--reason', 'fine')).code).toBe(0);
    expect((await waiting).code).toBe(0);
    const second = await inForce(it_);
    expect(second).not.toBe(first);
    // Whoever only keeps a configuration asks nobody for what is so.
    for (const what of [[folder.path], ['--rollback', second]]) {
      const again = await run('policy', 'publish', ...what, '--reason', 'kept', '--if-changed');
      expect([again.code, again.out]).toEqual([0, `${second} is in force; nothing is asked\n`]);
    }
    folder.remove();
    const back = await run(
      'policy',
      'publish',
      '--rollback',
      first,
      '--reason',
      'back',
      '--as',
      LEAD,
      '--if-changed',
      '--json',
    );
    expect(back.code).toBe(4);
    const rollback = (JSON.parse(back.out) as { id: string }).id;
    expect((await run('approve', rollback, '--as', RISK, '--reason', 'fine')).code).toBe(0);
    expect((await run('show', rollback, '--wait')).code).toBe(0);
    const history = await run('policy', 'history');
    expect(history.out.split('\n')[0]).toMatch(new RegExp(`${first}  by ${LEAD}: back  ← in force`));
    expect(history.out.trim().split('\n')).toHaveLength(3);
  });

  it('refuses what fails its own cases, with file and line', async () => {
    const ran = await run('policy', 'publish', candidate.path, '--reason', 'x');
    expect(ran.code).toBe(3);
    expect(ran.err).toMatch(/payments\.refund\.test\.yaml:\d+: case/);
    expect((await run('policy', 'publish', 'policies', '--rollback', first, '--reason', 'x')).code).toBe(2);
    expect((await run('policy', 'publish')).code).toBe(2);
  });
});

describe('replay', () => {
  it('of a record comes out the same, on the server and offline from a receipt', async () => {
    const request = refund(300);
    const { body } = await it_.ask(request);
    const there = await run('replay', body.records[0]);
    expect([there.code, there.err]).toEqual([0, '']);
    expect(there.out).toMatch(/^same: supervise/);

    expect((await run('show', body.id, '--receipts', work)).code).toBe(4);
    const receipt = join(work, readdirSync(work).find((name) => name.endsWith('.receipt.json')) ?? '');
    expect((await run('replay', receipt)).code).toBe(0);
    const asked = file('asked.json', request);
    expect(await offline('replay', receipt, '--request', asked)).toMatchObject({ code: 0, err: '' });
    const bundle = file('bundle.json', (await it_.call('GET', `/v1/policies/${first}`)).body);
    const json = await offline('replay', receipt, '--request', asked, '--bundle', bundle, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ same: true, bundle: first, differences: [] });

    const other = await offline('replay', receipt, '--request', file('other.json', refund(301)));
    expect([other.code, other.err]).toEqual([3, expect.stringContaining('not the one that was judged')]);
    const wrong = await offline('replay', receipt, '--request', asked, '--policies', candidate.path);
    expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining('--bundle')]);
    const altered = JSON.parse(readFileSync(bundle, 'utf8')) as { source: { policies: { [name: string]: object } } };
    delete altered.source.policies['crm.update'];
    const cut = await offline('replay', receipt, '--request', asked, '--bundle', file('cut.json', altered));
    expect(cut.code).toBe(3);
  });

  it('also of a release, with what approvers changed', async () => {
    const { body } = await it_.ask(refund(300));
    const decided = await it_.call(
      'POST',
      `/v1/actions/${body.id}/decisions`,
      { decision: 'approve', reason: 'less', changes: { 'params.amount': 250 } },
      { token: await it_.person(LEAD) },
    );
    expect(decided.status).toBe(200);
    const { body: released } = await it_.call('GET', `/v1/actions/${body.id}?wait=30`);
    const replayed = await it_.call('GET', `/v1/records/${released.records.at(-1)}/replay`);
    expect(replayed.body).toMatchObject({ same: true, differences: [], verdict: { decision: 'supervise' } });
    const decision = await it_.call('GET', `/v1/records/${released.records[1]}/replay`);
    expect([decision.status, decision.body.code]).toEqual([400, 'invalid-request']);
    const stranger = await it_.call('GET', `/v1/records/${released.records[0]}/replay`, undefined, {
      token: await it_.person(LEAD),
    });
    expect(stranger.status).toBe(403);
  });

  it('of every verdict of this log comes out the same', async () => {
    const { replayed, erased, differences } = await replayAll(it_.stack.parts.store);
    expect(differences).toEqual([]);
    expect(replayed).toBeGreaterThan(AMOUNTS.length);
    expect(erased).toBe(1);
  });
});
