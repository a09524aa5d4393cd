/**
 * Every shell command of the pages is run as it stands there, by Bash, with the program itself, against a stack that answers for the
 * approvers. Only what a page leaves out (`act_…`, `sha256:…`) is filled in.
 */
import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refundService, type Refund } from '../../examples/refund-service/service.ts';
import { createWorker } from '../../examples/temporal-worker/worker.ts';
import { hasPython, PYTHON, pythonEnv } from '../client/python.ts';
import { placeOf, snippets } from '../support/snippets.ts';
import { ROOT } from '../support/sources.ts';
import { policiesFolder } from '../support/policies.ts';
import { refund, startTestStack, type TestStack } from '../support/stack.ts';

/** What cannot run here, by how it begins, and where it is run or why it is not. */
const ELSEWHERE: Record<string, string> = {
  'npm ci\n': '.ci/run is these commands',
  'npm ci && npm start': 'the walk of the README, scripts/walk.ts',
  'npm ci && npm test': '.ci/run is this command',
  'sh deploy/compose/secrets.sh': 'needs Docker; the secrets themselves: test/lint/deploy.test.ts',
  'CGO_ENABLED=0 go build': 'test/interop/verify-go.test.ts',
  'temporal worker deployment set-ramping-version': 'needs a worker with a build id: test/e2e/rolling.test.ts does it',
  'countersign keys revoke KID': 'waits half a minute after a rotation: test/e2e/key-revocation.test.ts',
};
/** Lines of a block that need what is not on this machine, or days. */
const WITHOUT = [/--signer aws-kms:/, /findings answer fnd_/, /--for 5d/];

const PATH = '/usr/local/bin:/usr/bin:/bin';
const AUDITOR = 'user:auditor@acme.test';

let stack: TestStack;
let policies: ReturnType<typeof policiesFolder>;
let folder: string;
beforeAll(async () => {
  const example = (path: string): string => readFileSync(join(ROOT, 'examples', path), 'utf8');
  policies = policiesFolder({
    // The folder's directory has no treasury.
    'market.payout.yaml': example('cookbook/03-payout.yaml').replaceAll('group:treasury', 'group:finance'),
    'files.yaml': example('mcp-files/files.yaml'),
  });
  stack = await startTestStack({ COUNTERSIGN_POLICIES: policies.path }, undefined, 'approve');
  folder = mkdtempSync(join(tmpdir(), 'countersign-commands-'));
  cpSync(policies.path, join(folder, 'policies'), { recursive: true });
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = `exec ${process.execPath} ${join(ROOT, 'bin/countersign.js')}`;
  const programs: Record<string, string> = {
    countersign: `${program} "$@"`,
    // As `npx` finds the program of the folder, and the server of a shop that exists in the page alone.
    npx: `[ "$1" = countersign ] && shift && ${program} "$@"
exec ${process.execPath} ${join(ROOT, 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js')} ${folder}`,
    temporal: `exec ${process.env['TEMPORAL_CLI_PATH'] ?? 'temporal'} "$@"`,
    // The chart itself is rendered and checked by deploy/helm/check.py.
    kubectl: 'exit 0',
    helm: 'exit 0',
    // A plan is a file, and applying it is none of our business.
    terraform: `[ "$1" = plan ] && echo 'create 2' > "$3"; exit 0`,
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
});
afterAll(async () => {
  await stack?.stop({ replay: false });
  policies?.remove();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const hasPandas =
  hasPython && spawnSync(PYTHON, ['-c', 'import pandas'], { env: { ...process.env, ...pythonEnv } }).status === 0;

interface Ran {
  code: number;
  said: string;
}

function environment(): Record<string, string> {
  return {
    PATH: `${join(folder, 'bin')}:${PATH}`,
    HOME: folder,
    COUNTERSIGN_CACHE: join(folder, 'cache'),
    COUNTERSIGN_DATA: stack.dataDir,
    COUNTERSIGN_POLICIES: policies.path,
    COUNTERSIGN_URL: stack.url,
    COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
    TEMPORAL_ADDRESS: stack.stack.temporal.address,
    ...pythonEnv,
  };
}

function bash(script: string): Promise<Ran> {
  const env = environment();
  return new Promise((resolve) => {
    const child = execFile(
      'bash',
      ['--norc', '-euo', 'pipefail', '-c', script],
      { cwd: folder, env },
      (error, out, err) => {
        const failed = typeof error?.code === 'number' ? error.code : 1;
        resolve({ code: error === null ? 0 : failed, said: out + err });
      },
    );
    child.stdin?.end();
  });
}

/** An action that was decided, released, and not collected yet. */
async function released(amount: number, more: object = {}): Promise<{ id: string; permit: string; records: string[] }> {
  const { body } = await stack.ask(refund(amount, more), { wait: 60 });
  expect(body).toMatchObject({ status: 'released' });
  return body;
}

const decisionOf = async (records: string[]): Promise<string> => {
  for (const hash of records) {
    const { body } = await stack.call('GET', `/v1/records/${hash}`, undefined, { token: await stack.person(AUDITOR) });
    if (JSON.stringify(body).includes('"type":"decision"')) return hash;
  }
  throw new Error('no decision');
};

/** Fills in what the page leaves out, for the blocks that need more than one decided refund. */
const PREPARED: [RegExp, (text: string) => Promise<string>][] = [
  [
    /permits\/redeem/,
    async (text) => {
      const { id, permit } = await released(431);
      return text.replaceAll('eyJ…', permit).replaceAll('act_…', id);
    },
  ],
  [
    /^countersign open/,
    async (text) => {
      const { id, records } = await released(432, { params: { amount: 432, currency: 'USD', note: 'a scratch' } });
      // The keys were rotated since they were exported first.
      await bash(
        `countersign keys export --out keys; countersign show ${id} --receipts opened; cp opened/*-0.* receipt.json`,
      );
      return text.replace('sha256:…', records[0] ?? '');
    },
  ],
  [
    /^countersign drill plant/,
    async (text) => {
      writeFileSync(join(folder, 'wrong-account.json'), JSON.stringify(refund(436)));
      return text;
    },
  ],
  [
    /\$PLAN\/steps/,
    async (text) => {
      const steps = [437, 438].map((amount) => refund(amount));
      const headers = { 'idempotency-key': randomUUID() };
      const { body } = await stack.call('POST', '/v1/plans', { steps, open: true }, { headers });
      const next = JSON.stringify(refund(439)).slice(1, -1);
      return `PLAN=${body.id}; ${text.replace('"surface": "payments.transfer", …', next)}`;
    },
  ],
  [
    /^countersign erase/,
    async (text) => {
      const { id, permit } = await released(433);
      await stack.call('POST', '/v1/permits/redeem', { permit });
      await stack.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
      return text.replace('act_…', id);
    },
  ],
  [
    /policy publish/,
    async (text) => {
      appendFileSync(join(folder, 'policies', 'payments.refund.yaml'), 'permit: 2m\n');
      const { said } = await bash('countersign policy history --json');
      return text.replace('sha256:…', /sha256:[0-9a-f]{64}/.exec(said)?.[0] ?? '');
    },
  ],
];

const blocks = snippets().filter(({ language }) => ['sh', 'console'].includes(language));
const commandsOf = (text: string, language: string): string =>
  (language === 'sh'
    ? text.split('\n')
    : text.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []))
  )
    .filter((line) => !WITHOUT.some((one) => one.test(line)))
    .join('\n');

describe('commands of the pages', () => {
  const here = blocks.filter(({ text }) => !Object.keys(ELSEWHERE).some((start) => text.startsWith(start)));

  it('run here, but for those that run elsewhere', () => {
    expect(here.length).toBeGreaterThan(15);
    const unused = Object.keys(ELSEWHERE).filter((start) => !blocks.some(({ text }) => text.startsWith(start)));
    expect(unused).toEqual([]);
  });

  let action: Awaited<ReturnType<typeof released>>;
  let decision: string;
  beforeAll(async () => {
    action = await released(434);
    decision = await decisionOf(action.records);
    writeFileSync(join(folder, 'june.csv'), 'Reference,Amount,Currency\nre_1,431.00,USD\n');
    // What the pages assume that an auditor has already.
    const keys = await bash(
      'countersign keys export --out keys && cp keys/record-keys.jwks.json records.jwks.json && cp keys/log.vkey .',
    );
    expect(keys.code, keys.said).toBe(0);
  });

  // One after the other: a page's later commands read what its earlier ones wrote.
  it.each(here.map((one) => [placeOf(one), one] as const))(
    '%s',
    async (_, { language, text }) => {
      let script = commandsOf(text, language);
      for (const [pattern, prepare] of PREPARED) if (pattern.test(script)) script = await prepare(script);
      script = script
        .replaceAll('action/default/…', `action/default/${action.id.slice('act_'.length)}`)
        .replaceAll('act_…', action.id)
        .replaceAll('sha256:…', decision)
        .replaceAll(/http:\/\/127\.0\.0\.1:8787|https:\/\/countersign\.example(?!\.com)/g, stack.url);
      const { code, said } = await bash(script);
      // 4 says that people are still asked.
      expect([0, 4], `${script}\n${said}`).toContain(code);
    },
    180_000,
  );
});

describe('examples', () => {
  const access = (): { url: string; key: string } => ({ url: stack.url, key: stack.stack.firstKey ?? '' });

  it('the refund service pays once, what was released, and only with a permit', async () => {
    const paid: Refund[] = [];
    const service = refundService((one) => Promise.resolve(`re_${paid.push(one)}`), access());
    const server = service.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const request = refund(435);
    const { permit } = await released(435);
    const pay = async (shown?: string): Promise<number> => {
      const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/refunds`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(shown === undefined ? {} : { 'countersign-permit': shown }),
        },
        body: JSON.stringify(request),
      });
      return status;
    };
    expect(await pay()).toBeGreaterThanOrEqual(400);
    expect(await pay(permit)).toBe(200);
    expect(await pay(permit)).toBeGreaterThanOrEqual(400);
    expect(paid).toEqual([{ order: 'ord_435', amount: 435, currency: 'USD' }]);
    server.close();
  });

  it.skipIf(!hasPython)('the payout agent pays each seller once, and not what policy refuses', async () => {
    const payouts = '{"seller":"s1","amount":120,"first":false}\n{"seller":"s2","amount":60000,"first":false}\n';
    const run = `printf '${payouts.replaceAll('\n', '\\n')}' | ${PYTHON} ${join(ROOT, 'examples/payout-agent/agent.py')} 2026-11`;
    const { said } = await bash(run);
    expect(said).toMatch(/^paying 120.*\ns1 executed\ns2 refused/);
  });

  it('the deployment applies the plan that was approved', async () => {
    const { code, said } = await bash(join(ROOT, 'examples/governed-deploy/deploy.sh 1.42.0'));
    expect([code, said]).toEqual([0, expect.stringContaining('applying: service checkout: image checkout:1.42.0')]);
  });

  it('the file server behind MCP writes notes at once, and nothing that no policy speaks of', async () => {
    const files = join(folder, 'files');
    mkdirSync(files);
    const server = join(ROOT, 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js');
    const client = new Client({ name: 'writer', version: '1.0.0' });
    await client.connect(
      new StdioClientTransport({
        command: join(ROOT, 'examples/mcp-files/serve.sh'),
        args: [files],
        env: { ...environment(), FILE_SERVER: `${process.execPath} ${server}`, STATE: join(folder, 'mcp-files') },
        stderr: 'ignore',
      }),
    );
    const note = join(files, 'today.notes.md');
    const wrote = await client.callTool({ name: 'write_file', arguments: { path: note, content: 'all is well' } });
    expect(wrote.isError, JSON.stringify(wrote)).not.toBe(true);
    expect(readFileSync(note, 'utf8')).toBe('all is well');
    const moved = await client.callTool({ name: 'move_file', arguments: { source: note, destination: `${note}.bak` } });
    expect(moved.isError).toBe(true);
    await client.close();
  });

  it('the Temporal worker runs its activity with a permit', async () => {
    const temporal = stack.stack.temporal.address;
    const taskQueue = 'examples';
    const worker = await createWorker({ temporal, taskQueue, ...access() });
    const connection = await Connection.connect({ address: temporal });
    const client = new TemporalClient({ connection });
    const done = worker.runUntil(
      client.workflow.execute('refundOrder', { taskQueue, workflowId: 'refund-ord_77', args: ['ord_77', 42] }),
    );
    expect(await done).toBe('re_ord_77');
    await connection.close();
  });

  it.skipIf(!hasPandas)('the auditor’s notebook holds for the evidence of all of the above', async () => {
    const { code, said } = await bash(
      `countersign export --format bundle --out evidence.tar.gz --as ${AUDITOR} && mkdir evidence && tar -xzf evidence.tar.gz -C evidence && ` +
        `countersign keys export --out pinned && EVIDENCE=evidence KEYS=pinned/record-keys.jwks.json ${PYTHON} ${join(ROOT, 'examples/auditor/run.py')}`,
    );
    expect(code, said).toBe(0);
    expect(said).toContain('none without a verdict');
  });
});
