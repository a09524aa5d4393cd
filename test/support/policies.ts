/** Policies folders of tests, and what it takes to bring one into force. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { readPolicyFiles } from '../../src/main/policies.ts';
import type { PolicyFile } from '../../src/policy/index.ts';
import type { SharedStack } from './shared-stack.ts';
import type { Answer } from './stack.ts';

export const RISK = 'user:risk-officer@acme.test';

/** The sample policies in a folder of their own, with `files` added or replaced. */
export function policiesFolder(files: Record<string, string> = {}): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'countersign-policies-'));
  cpSync('policies', path, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The sample policies as files, with texts replaced. */
export function policyFiles(edit: (file: PolicyFile) => string | null = (file) => file.text): PolicyFile[] {
  return readPolicyFiles('policies').flatMap((file) => {
    const text = edit(file);
    return text === null ? [] : [{ ...file, text }];
  });
}

/** Replaces text in one policy; says so when it is not there. */
export function edited(path: string, from: string, to: string): PolicyFile[] {
  return policyFiles((file) => {
    if (file.path !== path) return file.text;
    if (!file.text.includes(from)) throw new Error(`${path} does not hold ${from}`);
    return file.text.replace(from, to);
  });
}

export const publish = (stack: SharedStack, body: object, key: string = randomUUID()): Promise<Answer> =>
  stack.call('POST', '/v1/policies', { reason: 'a test', ...body }, { headers: { 'idempotency-key': key } });

/** Publishes and has risk approve it. @returns the settled action */
export async function publishApproved(stack: SharedStack, body: object): Promise<Answer['body']> {
  const asked = await publish(stack, body);
  if (asked.status !== 202) throw new Error(`publishing answered ${asked.status}: ${JSON.stringify(asked.body)}`);
  await decide(stack, asked.body.id, { decision: 'approve', reason: 'looked at it' }, RISK);
  return (await stack.call('GET', `/v1/actions/${asked.body.id}?wait=30`)).body;
}

export async function decide(stack: SharedStack, id: string, decision: object, person: string): Promise<Answer> {
  return stack.call('POST', `/v1/actions/${id}/decisions`, decision, { token: await stack.person(person) });
}

export async function inForce(stack: SharedStack): Promise<string> {
  return (await stack.call('GET', '/v1/policies')).body.inForce;
}
