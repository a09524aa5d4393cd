/** As much of GitHub's API as a deployment protection rule needs, as the App's own installation. */
import { createSign } from 'node:crypto';

/** One job that waits, as GitHub names it. */
export interface Deployment {
  repository: string;
  environment: string;
  installation: number;
  /** The run and its attempt's deployment: a job that is run again is a new one. */
  run: number;
  deployment: number;
  sha: string;
  ref: string;
}

export interface GitHubOptions {
  appId: string;
  /** PEM, as GitHub hands it out. */
  privateKey: string;
  /** @default https://api.github.com */
  api?: string;
}

/** Seconds; GitHub allows ten minutes, and its clock may differ. */
const TOKEN_LIFE = 540;
const CLOCK_SKEW = 60;

export class GitHub {
  readonly #options: GitHubOptions;

  constructor(options: GitHubOptions) {
    this.#options = options;
  }

  /** Ends the wait of a job. */
  review(deployment: Deployment, state: 'approved' | 'rejected', comment: string): Promise<void> {
    return this.#post(deployment, { state, comment });
  }

  /** Tells those who look at the job what it waits for. */
  comment(deployment: Deployment, comment: string): Promise<void> {
    return this.#post(deployment, { comment });
  }

  async #post({ installation, repository, run, environment }: Deployment, said: object): Promise<void> {
    // GitHub names the address in its webhook too; this one is made here, so that no message says where the token goes.
    const path = `/repos/${repository}/actions/runs/${run}/deployment_protection_rule`;
    const token = await this.#installationToken(installation);
    await this.#call(path, `Bearer ${token}`, { environment_name: environment, ...said });
  }

  async #installationToken(installation: number): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iat: now - CLOCK_SKEW, exp: now + TOKEN_LIFE, iss: this.#options.appId };
    const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
    const signature = createSign('RSA-SHA256').update(text).sign(this.#options.privateKey, 'base64url');
    const answer = await this.#call(
      `/app/installations/${installation}/access_tokens`,
      `Bearer ${text}.${signature}`,
      {},
    );
    return (answer as { token: string }).token;
  }

  async #call(path: string, authorization: string, body: object): Promise<unknown> {
    const response = await fetch(new URL(path, this.#options.api ?? 'https://api.github.com'), {
      method: 'POST',
      headers: { authorization, accept: 'application/vnd.github+json', 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${path}`);
    return text === '' ? null : JSON.parse(text);
  }
}
