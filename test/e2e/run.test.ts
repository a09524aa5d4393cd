/** `countersign run` on a whole stack: a command runs only with a permit, at most once, and its end is told truthfully, killed or not. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { admit, requestOf, verifier, type Review } from '../../examples/pipelines/kubernetes/admission.ts';
import { countersign, type Ran } from '../cli/harness.ts';
import { startWire, type Step } from '../client/wire.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-run-'));
const children: ChildProcess[] = [];
let stack: SharedStack;
let env: Record<string, string>;

beforeAll(async () => {
  stack = await sharedStack();
  env = {
    PATH: process.env['PATH'] ?? '',
    COUNTERSIGN_URL: stack.url,
    COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
  };
});
afterAll(() => {
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

interface World {
  /** What the command appends to, once each time it runs. */
  log: string;
  /** The arguments of `run` for a refund of an order of its own. */
  asked(amount: number, ...options: string[]): string[];
  ran(): string[];
}

function world(): World {
  const order = `ord_${randomUUID()}`;
  const log = join(folder, order);
  return {
    log,
    asked: (amount, ...options) => [
      'run',
      ...['--surface', 'payments.refund', '--action', 'refund.create', '--actor', 'agent:pipeline'],
      ...['--resource', 'type=order', '--resource', `id=${order}`, '--param', `amount=${amount}`],
      ...['--param', 'currency=USD', '--context', 'environment=production', ...options, '--'],
    ],
    ran: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

/** A shell that says that it runs, and then does something. */
const shell = ({ log }: World, then: string): string[] => ['sh', '-c', `echo "$COUNTERSIGN_ACTION" >> ${log}; ${then}`];

const run = (args: string[], more: Record<string, string> = {}): Promise<Ran> =>
  countersign(args, { env: { ...env, ...more } });

const actionOf = async (id: string) => (await stack.call('GET', `/v1/actions/${id}`)).body;

const DUTY = 'user:duty-manager@acme.test';

async function decide(id: string, decision: object, person = LEAD): Promise<void> {
  const token = await stack.person(person);
  const said = await stack.call('POST', `/v1/actions/${id}/decisions`, decision, { token });
  expect(said.status, JSON.stringify(said.body)).toBe(200);
}

/** The program itself, in a group of its own. */
function start(args: string[], more: Record<string, string> = {}): { child: ChildProcess; err: () => string } {
  const child = spawn(process.execPath, ['bin/countersign.js', ...args], {
    env: { ...env, HOME: folder, ...more },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  children.push(child);
  let err = '';
  child.stderr?.on('data', (chunk) => (err += String(chunk)));
  return { child, err: () => err };
}

const waitingId = (err: () => string): Promise<string> =>
  eventually('it waits for people', () => /(act_\w+) waits for user:/.exec(err())?.[1]);

describe('a command that policy approves', () => {
  it.each([
    ['exit 0', 0, 'executed'],
    ['exit 3', 3, 'failed'],
    ['kill -TERM $$', 143, 'failed'],
  ])('that ends with `%s` gives %i, and is sealed as %s', async (then, code, status) => {
    const w = world();
    const ran = await run([...w.asked(7), ...shell(w, then)]);
    expect(ran.code, ran.err).toBe(code);
    const [id = ''] = w.ran();
    expect(await actionOf(id)).toMatchObject({ status });
    expect(ran.out + ran.err).not.toContain('eyJ');
  });

  it('tells a job of GitHub: permit masked, outputs, and a summary in which strangers’ words are text', async () => {
    const w = world();
    const [output, summary] = [`${w.log}.output`, `${w.log}.summary`];
    const job = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary };
    const ran = await run([...w.asked(8), ...shell(w, `echo "$COUNTERSIGN_PERMIT" > ${w.log}.permit`)], job);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.out).toBe(`::add-mask::${readFileSync(`${w.log}.permit`, 'utf8').trim()}\n`);
    expect(readFileSync(output, 'utf8')).toMatch(/^action=act_\w+\nstatus=executed\nreceipt=sha256:\w+\n$/);
    expect(readFileSync(summary, 'utf8')).toMatch(/receipt \| http/);
  });

  it('runs without the credential that asked for it, unless it is to keep it', async () => {
    const w = world();
    const say = shell(w, `echo "\${COUNTERSIGN_API_KEY:-none}" >> ${w.log}`);
    expect((await run([...w.asked(14), ...say])).code).toBe(0);
    expect((await run([...w.asked(15, '--keep-credential'), ...say])).code).toBe(0);
    const [, without, , kept] = w.ran();
    expect([without, kept]).toEqual(['none', env['COUNTERSIGN_API_KEY']]);
  });

  it('prints JSON alone, without the permit', async () => {
    const w = world();
    const ran = await run([...w.asked(9, '--json'), ...shell(w, 'exit 4')]);
    expect(JSON.parse(ran.out)).toMatchObject({ status: 'failed', exitCode: 4, id: w.ran()[0] });
    expect(ran.out).not.toContain('eyJ');
  });
});

describe('nothing runs', () => {
  it.each<[string, number, (w: World) => string[], Record<string, string>]>([
    ['what policy refuses', 123, (w) => [...w.asked(5000), ...shell(w, 'exit 0')], {}],
    ['without a surface', 122, (w) => ['run', '--', ...shell(w, 'exit 0')], {}],
    ['without a command', 122, () => ['run', '--surface', 'payments.refund'], {}],
    ['of an unknown option', 122, (w) => [...w.asked(7, '--unknown'), ...shell(w, 'exit 0')], {}],
    ['where the command is not there', 122, (w) => [...w.asked(7), 'no-such-command'], {}],
    ['where the file is not there', 122, (w) => [...w.asked(7, '--file', 'missing'), ...shell(w, 'exit 0')], {}],
    [
      'without a credential that holds',
      121,
      (w) => [...w.asked(7), ...shell(w, 'exit 0')],
      { COUNTERSIGN_API_KEY: 'csk_x' },
    ],
    [
      'of an action that nobody asked for',
      122,
      (w) => [...w.asked(7, '--resume', `act_${'0'.repeat(64)}`), ...shell(w, 'exit 0')],
      {},
    ],
  ])('%s: exit %i', async (_, code, args, more) => {
    const w = world();
    const ran = await run(args(w), more);
    expect(ran.code, ran.err).toBe(code);
    expect(ran.err).not.toBe('');
    expect(w.ran()).toEqual([]);
  });
});

describe('an approval that comes later', () => {
  it('is gone on with by another job with the very same request, once', async () => {
    const w = world();
    const plan = `${w.log}.plan`;
    writeFileSync(plan, 'create 2, destroy 0');
    const asked = (amount: number, ...more: string[]) => w.asked(amount, '--file', plan, ...more);
    const first = await run([...asked(420, '--detach'), ...shell(w, 'exit 0')]);
    expect(first.code, first.err).toBe(124);
    const id = first.out.trim();
    expect(await actionOf(id)).toMatchObject({ status: 'supervised' });
    const resume = (amount: number) => run([...asked(amount, '--resume', id), ...shell(w, 'exit 6')]);
    await decide(id, { decision: 'approve', reason: 'as planned' });
    // Another amount, and another plan under the same name, are not what was approved.
    expect((await resume(421)).code).toBe(123);
    writeFileSync(plan, 'create 2, destroy 9');
    expect((await resume(420)).code).toBe(123);
    expect(w.ran()).toEqual([]);
    writeFileSync(plan, 'create 2, destroy 0');
    expect((await resume(420)).code).toBe(6);
    expect((await resume(420)).code).toBe(121);
    expect(w.ran()).toEqual([id]);
    expect(await actionOf(id)).toMatchObject({ status: 'failed' });
  });

  it('with changes is executed only by a command that reads them', async () => {
    const w = world();
    const id = (await run([...w.asked(430, '--detach'), ...shell(w, 'exit 0')])).out.trim();
    await decide(id, { decision: 'approve', reason: 'half', changes: { 'params.amount': 215 } });
    const released = `${w.log}.released`;
    const command = shell(w, `echo "$COUNTERSIGN_REQUEST" > ${released}`);
    const ran = await run([...w.asked(430, '--resume', id, '--accept-changes'), ...command]);
    expect(ran.code, ran.err).toBe(0);
    expect(JSON.parse(readFileSync(released, 'utf8'))).toMatchObject({ params: { amount: 215 } });

    const other = world();
    const second = (await run([...other.asked(431, '--detach'), ...shell(other, 'exit 0')])).out.trim();
    await decide(second, { decision: 'approve', reason: 'half', changes: { 'params.amount': 215 } });
    expect((await run([...other.asked(431, '--resume', second), ...shell(other, 'exit 0')])).code).toBe(123);
    expect(other.ran()).toEqual([]);
    expect(await actionOf(second)).toMatchObject({ status: 'skipped' });
  });
});

describe('a file that changes while people are awaited', () => {
  it('is not what was approved', async () => {
    const w = world();
    const plan = `${w.log}.plan`;
    writeFileSync(plan, 'create 2');
    const { child, err } = start([...w.asked(425, '--file', plan), ...shell(w, 'exit 0')]);
    const id = await waitingId(err);
    writeFileSync(plan, 'destroy 2');
    const ended = once(child, 'exit');
    await decide(id, { decision: 'approve', reason: 'as planned' });
    expect(await ended).toEqual([123, null]);
    expect(w.ran()).toEqual([]);
    expect(await actionOf(id)).toMatchObject({ status: 'skipped' });
  });
});

describe('the pipelines of the examples', () => {
  const yaml = (file: string) => parse(readFileSync(file, 'utf8'));

  it('GitHub: the action hands each of its inputs to `run`, none of them as part of a script', async () => {
    const { inputs, runs } = yaml('integrations/github-action/action.yml');
    const [{ env: variables, run: script }] = runs.steps;
    expect(script).not.toContain('${{');
    expect(Object.values(variables)).toEqual(Object.keys(inputs).map((name) => `\${{ inputs.${name} }}`));
    const w = world();
    const given: Record<string, string> = {
      ...Object.fromEntries(Object.keys(inputs).map((name) => [name, String(inputs[name].default ?? '')])),
      run: `echo "$COUNTERSIGN_ACTION" >> ${w.log}\nexit 3`,
      surface: 'payments.refund',
      params: 'amount=13\ncurrency=USD\n',
      resource: `  id=${w.log}; echo no\n`,
      context: 'environment=production',
      command: `${process.execPath} bin/countersign.js`,
    };
    const job = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    );
    const child = spawn('bash', ['integrations/github-action/run.sh'], {
      env: { ...env, ...job, HOME: folder, GITHUB_OUTPUT: `${w.log}.output` },
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(readFileSync(`${w.log}.output`, 'utf8')).toContain(`action=${w.ran()[0]}\nstatus=failed`);
  });

  it('GitHub with Terraform: what is gone on with is the very request that was asked for', () => {
    const { inputs } = yaml('integrations/github-action/action.yml');
    const { jobs } = yaml('examples/pipelines/github-terraform.yml');
    const [asked, resumed] = [jobs.plan, jobs.apply].map(({ steps }) => steps.at(-1).with);
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining([...Object.keys(asked), ...Object.keys(resumed)]));
    const { detach, ...request } = asked;
    const { resume, ...again } = resumed;
    expect([detach, resume, again]).toEqual(['true', '${{ inputs.action }}', request]);
  });

  it('Kubernetes: the admission webhook lets in what was released, once, and asks nothing of what runs already', async () => {
    const deployment = (name: string, image: string, permit?: string): Review['request']['object'] => ({
      metadata: { name, ...(permit === undefined ? {} : { annotations: { 'countersign.dev/permit': permit } }) },
      spec: { template: { spec: { containers: [{ image }] } } },
    });
    const [name, image, actor] = [`shop-${randomUUID()}`, 'shop:2', 'agent:kubernetes'];
    const asked = await stack.ask(requestOf(deployment(name, image), actor));
    await decide(asked.body.id, { decision: 'approve', reason: 'fine' }, DUTY);
    const { permit } = await actionOf(asked.body.id);
    const verify = verifier({ url: stack.url, key: stack.stack.firstKey ?? '' });
    const ask = async (object: Review['request']['object'], more: object = {}): Promise<boolean> =>
      (await admit({ request: { uid: randomUUID(), object, ...more } }, verify, actor)).response.allowed;
    expect(await ask(deployment(name, image))).toBe(false);
    expect(await ask(deployment(name, 'shop:3', permit))).toBe(false);
    expect(await ask(deployment(name, image, permit), { dryRun: true })).toBe(true);
    expect(await ask(deployment(name, image, permit))).toBe(true);
    expect(await ask(deployment(name, image, permit))).toBe(false);
    expect(await ask(deployment(name, image, permit), { oldObject: deployment(name, image) })).toBe(true);
    expect(await actionOf(asked.body.id)).toMatchObject({ status: 'executed' });
  });

  it.each<[string, () => string[]]>([
    ['GitLab', () => yaml('examples/pipelines/gitlab-ci.yml').apply.script[0].split(/\s+/).slice(3)],
    [
      'Argo Rollouts',
      () => {
        const { spec } = yaml('examples/pipelines/argo-rollouts.yaml');
        const [{ args }] = spec.metrics[0].provider.job.spec.template.spec.containers;
        return ['run', ...args.map((arg: string) => arg.replaceAll(/\{\{[\w.]+\}\}/g, '7'))];
      },
    ],
  ])('%s: its command line asks for what the shipped policy knows', async (_, words) => {
    const plan = join(folder, 'plan.out');
    writeFileSync(plan, 'create 2');
    const args = words().map((word) => (word === 'plan.out' ? plan : word.replace('"$CI_COMMIT_SHA"', 'abc')));
    const ran = await run([...args.slice(0, args.indexOf('--')), '--detach', '--', 'true'], {});
    expect([ran.code, ran.out], ran.err).toEqual([124, expect.stringMatching(/^act_/)]);
  });
});

describe('a job that is killed', () => {
  const job = (): Record<string, string> => ({
    GITHUB_RUN_ID: randomUUID(),
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_JOB: 'deploy',
  });

  it('while it waits: the same attempt joins, and runs once; another attempt asks anew', async () => {
    const [w, attempt] = [world(), job()];
    const args = [...w.asked(440), ...shell(w, 'exit 0')];
    const first = start(args, attempt);
    const id = await waitingId(first.err);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = start(args, attempt);
    expect(await waitingId(second.err)).toBe(id);
    const ended = once(second.child, 'exit');
    await decide(id, { decision: 'approve', reason: 'fine' });
    expect(await ended).toEqual([0, null]);
    expect(w.ran()).toEqual([id]);
    const again = await run([...w.asked(440, '--detach'), ...shell(w, 'exit 0')], {
      ...attempt,
      GITHUB_RUN_ATTEMPT: '2',
    });
    expect([again.code, again.out.trim() === id]).toEqual([124, false]);
  });

  it('in its command: the engine says that it was begun, and it is not repeated', async () => {
    const [w, attempt] = [world(), job()];
    const args = [...w.asked(11), ...shell(w, 'exec sleep 600')];
    const { child } = start(args, attempt);
    const id = await eventually('the command runs', () => w.ran()[0]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await actionOf(id)).toMatchObject({ status: 'released', redeemedAt: expect.any(String) });
    const again = await run(args, attempt);
    expect(again.code, again.err).toBe(121);
    expect(w.ran()).toEqual([id]);
  });

  // One process at a time: what is told is what happened, and no other one repeats it.
  it.each<[string, Step, { ran: number; exit: number; executed: number }]>([
    ['before it asks', 'ask', { ran: 0, exit: 0, executed: 1 }],
    ['between the release and the redemption', 'ask-answered', { ran: 0, exit: 0, executed: 1 }],
    ['after the redemption', 'redeem-answered', { ran: 0, exit: 121, executed: 0 }],
    ['before its report arrives', 'report', { ran: 1, exit: 121, executed: 1 }],
    ['after its report', 'report-answered', { ran: 1, exit: 0, executed: 1 }],
  ])('%s: the record is the truth, and the same attempt executes once at most', async (_, stage, end) => {
    const [w, attempt] = [world(), job()];
    let [child, kill]: [ChildProcess | null, boolean] = [null, true];
    const wire = await startWire(stack.url, async (step) => {
      if (step !== stage || !kill) return true;
      kill = false;
      child?.kill('SIGKILL');
      return false;
    });
    const args = [...w.asked(16, '--url', wire.url), ...shell(w, 'exit 0')];
    ({ child } = start(args, attempt));
    await once(child, 'exit');
    expect(w.ran()).toHaveLength(end.ran);
    const again = await run(args, attempt);
    expect(again.code, again.err).toBe(end.exit);
    expect(w.ran()).toHaveLength(end.executed);
    const id = /act_\w+/.exec(again.err)?.[0];
    expect(await actionOf(id ?? '')).toMatchObject(
      end.exit === 0 ? { status: 'executed' } : { status: 'released', redeemedAt: expect.any(String) },
    );
    await wire.close();
  });

  it('by a signal: the command gets it, and its end is reported', async () => {
    const w = world();
    const trap = `trap 'echo stopped >> ${w.log}; kill $!; exit 5' TERM; sleep 600 & echo ready >> ${w.log}; wait`;
    const { child } = start([...w.asked(12), ...shell(w, trap)]);
    await eventually('the command is ready', () => (w.ran().includes('ready') ? true : undefined));
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([5, null]);
    const [id = '', ...rest] = w.ran();
    expect(rest).toEqual(['ready', 'stopped']);
    expect(await actionOf(id)).toMatchObject({ status: 'failed' });
  });
});
