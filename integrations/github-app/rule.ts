/**
 * A custom deployment protection rule of GitHub: the job of an environment waits without a runner, up to 30 days, until the people of the
 * policy decided. Nothing is kept here: GitHub's webhook and the engine's callback say everything, and each may come twice.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { Countersign, type ActionRequest } from '@countersign/client';
import { GitHub, type Deployment, type GitHubOptions } from './github.ts';

export interface RuleOptions extends GitHubOptions {
  /** The webhook's secret, as the GitHub App has it. */
  webhookSecret: string;
  /** Where the engine reaches this server, such as `https://rule.acme.test/decided`. */
  callback: string;
  url?: string;
  key?: string;
  /** What a deployment asks for. Default: surface `deploy.<environment>`, action `deploy.start`. */
  request?: (deployment: Deployment) => Omit<ActionRequest, 'callback'>;
}

const BODY_BYTES = 1024 * 1024;
const DECIDED = '/decided';

/** For `http.createServer()`: `POST /` is GitHub's webhook, `POST /decided` the engine's callback. */
export function deploymentRule(options: RuleOptions): RequestListener {
  const client = new Countersign(options);
  const github = new GitHub(options);
  return (request, response) => {
    answer(request, { options, client, github }).then(
      (status) => response.writeHead(status).end(),
      // Whoever called calls again later, and the job waits meanwhile.
      () => response.writeHead(503).end(),
    );
  };
}

interface Rule {
  options: RuleOptions;
  client: Countersign;
  github: GitHub;
}

async function answer(request: IncomingMessage, rule: Rule): Promise<number> {
  const body = await read(request);
  if (body === null) return 413;
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.endsWith(DECIDED)) {
    // What the callback says grants nothing: the engine is asked how the action stands. Its address is signed, so nobody makes up a job.
    const deployment = opened(url.searchParams.get('job') ?? '', rule.options.webhookSecret);
    if (deployment === null) return 401;
    await decide(rule, deployment);
    return 204;
  }
  if (!isSigned(request.headers['x-hub-signature-256'], body, rule.options.webhookSecret)) return 401;
  if (request.headers['x-github-event'] !== 'deployment_protection_rule') return 204;
  const deployment = deploymentOf(JSON.parse(body));
  if (deployment === null) return 204;
  await decide(rule, deployment);
  return 204;
}

/** Asks, or asks how it stands, and answers GitHub once it is decided. */
async function decide({ options, client, github }: Rule, deployment: Deployment): Promise<void> {
  const { repository, run, deployment: number } = deployment;
  const callback = new URL(options.callback);
  callback.searchParams.set('job', sealed(deployment, options.webhookSecret));
  const request = { ...(options.request ?? requestOf)(deployment), callback: callback.href };
  const key = `github-rule:${repository}:${run}:${number}`;
  // Approving the same job again changes nothing, so a try that died may be gone on with.
  const governed = await client.govern(request, { key, redeemer: key, timeout: 0 }, (_released, { action }) =>
    github.review(deployment, 'approved', `released as ${action.id}`),
  );
  switch (governed.status) {
    case 'executed':
    case 'already':
      return;
    case 'waiting': {
      const { approval, id } = governed.action;
      const people = approval?.stages[approval.stage]?.approvers.join(', ') ?? 'a verdict';
      return github.comment(
        deployment,
        `waiting for ${people}${approval === null ? '' : ` until ${approval.expiresAt}`} (${id})`,
      );
    }
    case 'refused':
      return github.review(deployment, 'rejected', governed.reasons.join(' '));
    case 'begun':
      throw new Error('its approval was begun, and GitHub did not confirm it');
    default:
      return github.review(
        deployment,
        'rejected',
        `it is ${governed.status}: nobody approved it in time, or it was withdrawn`,
      );
  }
}

const requestOf = ({ repository, environment, sha, ref }: Deployment): Omit<ActionRequest, 'callback'> => ({
  surface: `deploy.${environment.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-')}`,
  action: 'deploy.start',
  actor: { id: `agent:github/${repository}`, type: 'agent' },
  resource: { type: 'environment', id: `${repository}/${environment}`, service: repository },
  params: { version: sha, ref },
});

/** What GitHub sends, as far as it is read; null for what is no request of a rule. */
function deploymentOf(event: unknown): Deployment | null {
  const { action, environment, deployment, deployment_callback_url, repository, installation } = event as {
    action?: string;
    environment?: string;
    deployment?: { id: number; sha: string; ref: string };
    deployment_callback_url?: string;
    repository?: { full_name: string };
    installation?: { id: number };
  };
  const run = /\/actions\/runs\/(\d+)\/deployment_protection_rule$/.exec(deployment_callback_url ?? '')?.[1];
  if (action !== 'requested' || !environment || !deployment || !repository || !installation || run === undefined)
    return null;
  return {
    repository: repository.full_name,
    environment,
    installation: installation.id,
    run: Number(run),
    deployment: deployment.id,
    sha: deployment.sha,
    ref: deployment.ref,
  };
}

const macOf = (text: string, secret: string): Buffer => createHmac('sha256', secret).update(text).digest();

function isSigned(header: string | string[] | undefined, body: string, secret: string): boolean {
  const given = Buffer.from(String(header).replace(/^sha256=/, ''), 'hex');
  const mac = macOf(body, secret);
  return given.length === mac.length && timingSafeEqual(given, mac);
}

/** The job in the address that the engine calls, under a key of its own. */
function sealed(deployment: Deployment, secret: string): string {
  const text = Buffer.from(JSON.stringify(deployment)).toString('base64url');
  return `${text}.${macOf(`countersign github job v1\n${text}`, secret).toString('base64url')}`;
}

function opened(job: string, secret: string): Deployment | null {
  const [text = '', given = ''] = job.split('.');
  const [mac, bytes] = [macOf(`countersign github job v1\n${text}`, secret), Buffer.from(given, 'base64url')];
  if (bytes.length !== mac.length || !timingSafeEqual(bytes, mac)) return null;
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Deployment;
}

async function read(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
