/**
 * A faithful stand-in for what an app sees of Teams: the token endpoint, the Bot Connector's conversations, the Bot Framework's metadata and
 * keys, and clients that click on cards. Its shapes are those of Microsoft's documents.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { faultsOf } from './adaptive-card.ts';
import { policiesFolder } from './policies.ts';
import { CFO, LEAD } from './stack.ts';

export const APP_ID = '11111111-2222-4333-8444-555555555555';
export const ENTRA_TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
const ISSUER = 'https://api.botframework.com';
const SECRET = 'the-secret-of-the-app';

// What is sent is read by tests as it is; each assertion says what it expects.
// oxlint-disable-next-line typescript/no-explicit-any
type Loose = any;

export interface TeamsMessage {
  id: string;
  conversation: string;
  /** As it is now: an update replaces it. */
  activity: Loose;
  updates: number;
}

export interface FakeTeams {
  url: string;
  serviceUrl: string;
  env: Record<string, string>;
  messages: TeamsMessage[];
  /** Calls to the connector, in order. */
  calls: string[];
  /** The next calls to the connector are answered so. */
  answers: { status: number; code?: string; retryAfter?: string }[];
  /** Users who do not have the app. */
  without: Set<string>;
  /** A token as the framework signs it; parts of it replaced. */
  token(claims?: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>;
  /** An activity of a user in the conversation with the app. */
  activity(user: string, more?: object): Loose;
  /** What a click on an action of a card makes of it. */
  click(user: string, message: TeamsMessage, verb: string, inputs?: Record<string, string>): Loose;
  close(): Promise<void>;
}

/** Who has the app, by their ids in Entra. */
export const TEAMS_USERS: Record<string, string> = {
  [LEAD]: 'aaaaaaaa-0000-4000-8000-000000000001',
  [CFO]: 'aaaaaaaa-0000-4000-8000-000000000002',
};

/** The sample policies, with those people in Teams and refunds decided there or in the console. */
export function policiesOverTeams(): ReturnType<typeof policiesFolder> {
  const directory = readFileSync('policies/directory.yaml', 'utf8').replace(
    /^ {2}- id: (user:\S+)$/gm,
    (line, id: string) =>
      TEAMS_USERS[id] === undefined
        ? line
        : `${line}\n    teams: { tenant: ${ENTRA_TENANT.toUpperCase()}, user: ${TEAMS_USERS[id]} }`,
  );
  const policy = readFileSync('policies/payments.refund.yaml', 'utf8').replace(
    '      fourEyes: true',
    '      fourEyes: true\n      via: [teams, console]',
  );
  return policiesFolder({ 'directory.yaml': directory, 'payments.refund.yaml': policy });
}

export const conversationOf = (user: string): string => `a:${user}`;

export async function startFakeTeams(): Promise<FakeTeams> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const other = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig' };
  const otherJwk = { ...(await exportJWK(other.publicKey)), alg: 'RS256', use: 'sig' };
  const messages: TeamsMessage[] = [];
  const calls: string[] = [];
  const answers: FakeTeams['answers'] = [];
  const without = new Set<string>();
  let count = 0;

  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString('utf8');
    const path = decodeURIComponent(new URL(request.url ?? '/', url()).pathname);
    const say = (status: number, answer: object, headers: Record<string, string> = {}): void =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer));
    const fail = (status: number, code: string, headers = {}): void =>
      say(status, { error: { code, message: code } }, headers);

    if (path === '/.well-known/openidconfiguration') {
      return say(200, { issuer: ISSUER, jwks_uri: `${url()}/keys`, id_token_signing_alg_values_supported: ['RS256'] });
    }
    if (path === '/keys') {
      return say(200, {
        keys: [
          { ...jwk, kid: 'teams', endorsements: ['msteams', 'webchat'] },
          // The framework's, but it vouches for another channel.
          { ...otherJwk, kid: 'skype', endorsements: ['skype'] },
        ],
      });
    }
    if (path === '/token') {
      const form = new URLSearchParams(body);
      const good =
        form.get('grant_type') === 'client_credentials' &&
        form.get('client_id') === APP_ID &&
        form.get('client_secret') === SECRET &&
        form.get('scope') === 'https://api.botframework.com/.default';
      return good
        ? say(200, { token_type: 'Bearer', expires_in: 3599, access_token: 'a-token-of-the-app' })
        : say(401, { error: 'invalid_client' });
    }
    if (!path.startsWith('/service/v3/conversations')) return fail(404, 'NotFound');
    calls.push(`${request.method ?? ''} ${path}`);
    const planned = answers.shift();
    if (planned !== undefined) {
      const headers = planned.retryAfter === undefined ? {} : { 'retry-after': planned.retryAfter };
      return fail(planned.status, planned.code ?? 'Planned', headers);
    }
    if (request.headers.authorization !== 'Bearer a-token-of-the-app') return fail(401, 'Unauthorized');
    const said = JSON.parse(body) as Loose;
    if (path === '/service/v3/conversations') {
      const user = String(said.members?.[0]?.id);
      if (said.bot?.id !== `28:${APP_ID}` || said.tenantId !== ENTRA_TENANT) return fail(400, 'BadArgument');
      if (without.has(user)) return fail(403, 'BotNotInConversationRoster');
      return say(201, { id: conversationOf(user) });
    }
    const [, conversation = '', id] =
      /^\/service\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+))?$/.exec(path) ?? [];
    if (conversation === '') return fail(404, 'NotFound');
    const faults = faultsOf(said);
    if (faults.length > 0) return fail(400, `BadSyntax: ${faults.join('; ')}`.slice(0, 90));
    if (request.method === 'POST' && id === undefined) {
      if (without.has(conversation.slice(2))) return fail(403, 'BotNotInConversationRoster');
      const made: TeamsMessage = { id: `1700000000${++count}`, conversation, activity: said, updates: 0 };
      messages.push(made);
      return say(201, { id: made.id });
    }
    const known = messages.find((one) => one.id === id && one.conversation === conversation);
    if (request.method !== 'PUT' || known === undefined) return fail(404, 'ActivityNotFoundInConversation');
    known.activity = said;
    known.updates += 1;
    return say(200, { id: known.id });
  };

  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const serviceUrl = `${url()}/service/`;
  const activity: FakeTeams['activity'] = (user, more = {}) => ({
    type: 'message',
    id: `f:${++count}`,
    channelId: 'msteams',
    serviceUrl,
    from: { id: `29:${user}`, name: 'Somebody', aadObjectId: user },
    recipient: { id: `28:${APP_ID}`, name: 'Countersign' },
    conversation: { id: conversationOf(user), tenantId: ENTRA_TENANT, conversationType: 'personal' },
    channelData: { tenant: { id: ENTRA_TENANT } },
    ...more,
  });
  return {
    url: url(),
    serviceUrl,
    env: {
      TEAMS_APP_ID: APP_ID,
      TEAMS_APP_SECRET: SECRET,
      TEAMS_TENANT: ENTRA_TENANT,
      TEAMS_SERVICE_URLS: serviceUrl,
      TEAMS_METADATA_URL: `${url()}/.well-known/openidconfiguration`,
      TEAMS_TOKEN_URL: `${url()}/token`,
    },
    messages,
    calls,
    answers,
    without,
    token: (claims = {}, { alg = 'RS256', kid = 'teams' } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: ISSUER, aud: APP_ID, nbf: now - 60, exp: now + 3600, serviceurl: serviceUrl, ...claims };
      if (alg === 'none') return Promise.resolve(unsigned(payload));
      // With what everybody knows as the secret: the public key.
      const shared = new TextEncoder().encode(JSON.stringify(jwk));
      if (alg === 'HS256') return new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(shared);
      return new SignJWT(payload)
        .setProtectedHeader({ alg, kid })
        .sign(kid === 'skype' ? other.privateKey : privateKey);
    },
    activity,
    click: (user, { id, conversation, activity: { attachments } }, verb, inputs = {}) => {
      const action = actionsOf(attachments[0].content).find((one: Loose) => one.verb === verb);
      if (action === undefined) throw new Error(`the card has no \`${verb}\``);
      return activity(user, {
        type: 'invoke',
        name: 'adaptiveCard/action',
        conversation: { id: conversation, tenantId: ENTRA_TENANT, conversationType: 'personal' },
        replyToId: id,
        value: {
          action: {
            type: 'Action.Execute',
            title: action.title,
            verb,
            data: { ...structuredClone(action.data), ...inputs },
          },
          trigger: 'manual',
        },
      });
    },
    close: () => new Promise((done) => server.close(() => done())),
  };
}

const unsigned = (payload: object): string => {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'none', kid: 'teams' })}.${encode(payload)}.x`;
};

/** Every action of a card, those in its forms included. */
export const actionsOf = (card: Loose): Loose[] =>
  card.actions.flatMap((one: Loose) => (one.card === undefined ? [one] : [one, ...actionsOf(one.card)]));

/** Posts an activity as the framework does. */
export async function post(
  to: string,
  activity: object,
  token: string | null,
): Promise<{ status: number; body: Loose }> {
  const answer = await fetch(`${to}/teams/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(activity),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}
