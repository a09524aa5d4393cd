/** People with passkeys on a running stack. */
import { SoftAuthenticator, type AuthenticatorOptions, type Deviation } from './authenticator.ts';
import type { SharedStack } from './shared-stack.ts';
import type { Answer } from './stack.ts';

/** Where the stack's passkeys are made: its address as a browser on this machine opens it. */
export const originOf = ({ url }: SharedStack): string => url.replace('127.0.0.1', 'localhost');

export interface Enrolled {
  authenticator: SoftAuthenticator;
  /** As `GET /v1/passkeys` shows it. */
  passkey: Answer['body'];
}

export async function enrol(
  stack: SharedStack,
  person: string,
  options: Partial<AuthenticatorOptions> = {},
): Promise<Enrolled> {
  const token = await stack.person(person);
  const authenticator = new SoftAuthenticator({ origin: originOf(stack), ...options });
  const creation = await stack.call('POST', '/v1/passkeys/options', {}, { token });
  const answer = await stack.call('POST', '/v1/passkeys', { response: authenticator.create(creation.body) }, { token });
  if (answer.status !== 201) throw new Error(`enrolling answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { authenticator, passkey: answer.body };
}

export interface Doing {
  door?: string;
  deviation?: Deviation;
}

/** What a person's authenticator says to a decision. */
export async function signed(
  stack: SharedStack,
  id: string,
  decision: object,
  person: string,
  authenticator: SoftAuthenticator,
  { door = 'console', deviation = {} }: Doing = {},
): Promise<ReturnType<SoftAuthenticator['get']>> {
  const token = await stack.person(person);
  const headers = { 'countersign-door': door };
  const asked = await stack.call('POST', `/v1/actions/${id}/decision-options`, decision, { token, headers });
  if (asked.status !== 200) throw new Error(`the options answered ${asked.status}: ${JSON.stringify(asked.body)}`);
  return authenticator.get(asked.body.options, deviation);
}

/** Sends a decision with the assertion given, or without any. */
export async function send(
  stack: SharedStack,
  id: string,
  decision: object,
  person: string,
  passkey: object | null,
  door = 'console',
): Promise<Answer> {
  const body = passkey === null ? decision : { ...decision, passkey };
  const options = { token: await stack.person(person), headers: { 'countersign-door': door } };
  return stack.call('POST', `/v1/actions/${id}/decisions`, body, options);
}
