/** The deployment protection rule of GitHub against a fake of its API that checks what GitHub checks, on a whole stack. */
import { createHmac, createPublicKey, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { importSPKI, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploymentRule, type RuleOptions } from '../../integrations/github-app/rule.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { keyPair } from '../support/key-pair.ts';

const SECRET = 'webhook-secret';
const APP = '4242';
const { privateKey } = keyPair('rsa');
const REVIEW = /^\/repos\/(acme\/shop)\/actions\/runs\/(\d+)\/deployment_protection_rule$/;

/** What GitHub knows of its jobs: comments while one waits, and how it ended. */
const jobs = new Map<string, { comments: string[]; state: string | null }>();
const jobOf = (run: string) => {
  const job = jobs.get(run) ?? { comments: [], state: null };
  jobs.set(run, job);
  return job;
};
const tokens = new Set<string>();

async function gitHub(
  method: string,
  path: string,
  bearer: string,
  body: Record<string, string>,
): Promise<[number, unknown]> {
  if (method !== 'POST') return [404, {}];
  if (path === '/app/installations/7/access_tokens') {
    const key = await importSPKI(
      createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string,
      'RS256',
    );
    const { payload } = await jwtVerify(bearer, key, { issuer: APP });
    if ((payload.exp ?? Infinity) - (payload.iat ?? 0) > 660) return [401, {}];
    const token = `ghs_${randomUUID()}`;
    tokens.add(token);
    return [201, { token }];
  }
  const run = REVIEW.exec(path)?.[2];
  if (run === undefined) return [404, {}];
  if (!tokens.has(bearer)) return [401, {}];
  const { environment_name: environment, state, comment } = body;
  if (environment !== 'prod' || !comment) return [422, {}];
  const job = jobOf(run);
  if (state === undefined) {
    job.comments.push(comment);
    return [204, null];
  }
  if (!['approved', 'rejected'].includes(state) || (job.state !== null && job.state !== state)) return [422, {}];
  job.state = state;
  job.comments.push(comment);
  return [204, null];
}

let stack: SharedStack;
const servers: Server[] = [];
const listen = async (server: Server): Promise<string> => {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
let rule: string;

beforeAll(async () => {
  stack = await sharedStack();
  const api = await listen(
    createServer((request, response) => {
      const bearer = String(request.headers.authorization).replace(/^Bearer /, '');
      void text(request)
        .then((body) => gitHub(request.method ?? '', request.url ?? '', bearer, JSON.parse(body)))
        .catch(() => [401, {}] as [number, unknown])
        .then(([status, body]) => response.writeHead(status).end(body === null ? '' : JSON.stringify(body)));
    }),
  );
  const server = createServer((request, response) => listener(request, response));
  rule = await listen(server);
  const options: RuleOptions = {
    appId: APP,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    api,
    webhookSecret: SECRET,
    callback: `${rule}/decided`,
    url: stack.url,
    key: stack.stack.firstKey ?? '',
    request: ({ repository, sha, environment }) => ({
      surface: 'deploy.prod',
      action: 'deploy.start',
      actor: { id: `agent:github/${repository}`, type: 'agent' },
      resource: { type: 'environment', id: `${repository}/${environment}/${sha}`, service: repository },
      params: { version: sha, tests: sha.startsWith('bad') ? 'failed' : 'passed' },
    }),
  };
  const listener = deploymentRule(options);
});
afterAll(() => servers.forEach((server) => server.close()));

async function webhook(run: number, sha: string, secret = SECRET): Promise<number> {
  const body = JSON.stringify({
    action: 'requested',
    environment: 'prod',
    event: 'push',
    deployment: { id: run + 1, sha, ref: 'main' },
    deployment_callback_url: `https://api.github.com/repos/acme/shop/actions/runs/${run}/deployment_protection_rule`,
    repository: { full_name: 'acme/shop' },
    installation: { id: 7 },
  });
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  const headers = { 'x-github-event': 'deployment_protection_rule', 'x-hub-signature-256': signature };
  return (await fetch(rule, { method: 'POST', headers, body })).status;
}

const ended = (run: number): Promise<string> =>
  eventually('the job is answered', () => jobOf(String(run)).state ?? undefined);

describe('a job of a protected environment', () => {
  it('waits without a runner until the people of the policy decided, and is let go once', async () => {
    const run = randomInt(1, 2 ** 31);
    // GitHub may send its webhook twice.
    expect([await webhook(run, `good-${run}`), await webhook(run, `good-${run}`)]).toEqual([204, 204]);
    const { comments, state } = jobOf(String(run));
    expect(state).toBeNull();
    const id = /act_\w+/.exec(comments[0] ?? '')?.[0] ?? '';
    expect(comments[0]).toMatch(/^waiting for .*user:duty-manager@acme\.test/);
    const token = await stack.person('user:duty-manager@acme.test');
    await stack.call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve', reason: 'go' }, { token });
    expect(await ended(run)).toBe('approved');
    await eventually('it is reported', async () => {
      const { status } = (await stack.call('GET', `/v1/actions/${id}`)).body;
      return status === 'executed' ? true : undefined;
    });
  });

  it('is rejected in policy’s words', async () => {
    const run = randomInt(1, 2 ** 31);
    expect(await webhook(run, `bad-${run}`)).toBe(204);
    expect(await ended(run)).toBe('rejected');
    expect(jobOf(String(run)).comments.join(' ')).toContain('Only a build whose tests passed may be deployed.');
  });

  it('is neither asked about nor let go by a message that nobody signed', async () => {
    const run = randomInt(1, 2 ** 31);
    expect(await webhook(run, `good-${run}`, 'another')).toBe(401);
    for (const job of ['', 'e30.AAAA', `${Buffer.from('{}').toString('base64url')}.`]) {
      expect((await fetch(`${rule}/decided?job=${job}`, { method: 'POST', body: '{}' })).status).toBe(401);
    }
    expect(jobs.has(String(run))).toBe(false);
  });
});
