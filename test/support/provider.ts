/** A real OpenID provider (`oidc-provider`) on loopback, in which everybody is whom they say: no page is clicked. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';

export interface TestProvider {
  issuer: string;
  /** Who signs in next, as the `email` claim says. */
  as(email: string): void;
  /** Approves a device code, as whoever signs in next. */
  approve(verificationUri: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startProvider(redirectUri: string): Promise<TestProvider> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let email = 'nobody@acme.test';
  const configuration: Configuration = {
    clients: [
      {
        client_id: 'countersign',
        client_secret: 'a-secret-of-the-test',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, deviceFlow: { enabled: true } },
    pkce: { required: () => true },
    cookies: { keys: ['a-key-of-the-test'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => Promise.resolve({ sub: id, email: id, email_verified: !id.startsWith('unverified'), name: id }),
    }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    async loadExistingGrant(context) {
      const { client, session, provider } = context.oidc;
      const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
    ttl: { Session: 3600, Interaction: 600, Grant: 3600, AccessToken: 600, IdToken: 600, DeviceCode: 600 },
  };
  const provider = new Provider(issuer, configuration);
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (!(request.url ?? '').startsWith('/interaction/')) return void handle(request, response);
    void provider.interactionFinished(request, response, { login: { accountId: email } });
  });
  return {
    issuer,
    as: (next) => void (email = next),
    async approve(verificationUri) {
      const jar = new Map<string, string>();
      const visit = (url: string, form?: URLSearchParams) => follow(url, jar, form);
      const page = await visit(verificationUri);
      const value = (name: string): string => new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(page)?.[1] ?? '';
      const form = { xsrf: value('xsrf'), user_code: value('user_code'), confirm: 'yes' };
      await visit(`${issuer}/device`, new URLSearchParams(form));
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Visits a page as a browser does, cookies and redirects included; answers with the last page. */
export async function follow(
  url: string,
  jar: Map<string, string>,
  form?: URLSearchParams,
  until: (url: URL) => boolean = () => false,
): Promise<string> {
  let at = new URL(url);
  let body = form;
  for (let steps = 0; steps < 20; steps += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    const response = await fetch(at, {
      ...{ redirect: 'manual', headers, method: body === undefined ? 'GET' : 'POST' },
      ...(body === undefined ? {} : { body }),
    });
    for (const one of response.headers.getSetCookie()) {
      const [pair = ''] = one.split(';');
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(one)) jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) return response.text();
    at = new URL(location, at);
    body = undefined;
    if (until(at)) return at.href;
  }
  throw new Error('redirected too often');
}
