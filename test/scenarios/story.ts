/** One supervised override as a story: what people do over the real doors, and what is sealed of it. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { INCIDENT } from './crew.ts';
import { own, personOf, surfaceOf, type Answer, type Name, type StorySpec, type World } from './world.ts';

type Body = Answer['body'];

export interface Scenario extends StorySpec {
  name: string;
  play(story: Story): Promise<void>;
  /** While a fault lasts; what it waits for may need the end of it. */
  meanwhile?(story: Story): Promise<void>;
  /** After the fault. */
  then?(story: Story): Promise<void>;
  /** What policy becomes between `play` and `then`, in the group where it does; null: there is none any more. */
  later?: StorySpec | null;
  wanted: {
    status: string;
    /** The chain, oldest first, in the words of {@link lineOf}. */
    records: string[];
  };
}

/** Another person's word for the same: what they do is a method, what is refused is its code. */
export interface Story {
  readonly world: World;
  readonly tag: string;
  readonly id: string;
  person(name: Name): string;
  ask(amount?: number, more?: object): Promise<Answer>;
  /** Sends a decision. @returns `done`, or the code of the refusal. */
  decide(name: Name, decision: object, options?: { token?: string; headers?: Record<string, string> }): Promise<string>;
  approve(name: Name, more?: object): Promise<string>;
  refuse(name: Name, more?: object): Promise<string>;
  /** Asks the requester something. */
  question(name: Name): Promise<string>;
  extend(name: Name, seconds: number): Promise<string>;
  answer(text?: string): Promise<string>;
  cancel(): Promise<string>;
  delegate(from: Name, to: Name, more?: { seconds?: number; surfaces?: string[] }): Promise<string>;
  revoke(from: Name, id: string): Promise<void>;
  freeze(scope?: 'surface' | 'actor'): Promise<string>;
  thaw(id: string): Promise<void>;
  leave(name: Name): void;
  action(): Promise<Body>;
  /** The action as soon as it has this status. */
  becomes(status: string): Promise<Body>;
  /** The records as soon as there are so many. */
  sealed(count: number): Promise<string[]>;
  records(): Promise<Body[]>;
}

function said({ status, body }: Answer): string {
  if (status < 300) return 'done';
  return typeof body?.code === 'string' ? body.code : String(status);
}

const short = (person: string): string =>
  person
    .replace(/^user:/, '')
    .replace(/^key:.*/, 'key')
    .replace(/^(?:g\d+x\d+-)?([^@]*)@.*$/, '$1');

/** `decision approve ann 0`, `release override`, `verdict refuse rule`. */
export function lineOf(record: Body): string {
  switch (record.type) {
    case 'verdict':
      return `verdict ${record.verdict.decision}`;
    case 'release':
      return `release ${record.basis}`;
    case 'decision': {
      const who = record.by === 'countersign' ? 'countersign' : short(record.by);
      const from = record.delegation === null ? '' : ` for ${short(record.delegation.from)}`;
      const added = record.added === null ? '' : ` +${record.added.map(short).join(',')}`;
      const changes =
        record.changes === null
          ? ''
          : ` ${Object.entries(record.changes as Record<string, { from: unknown; to: unknown }>)
              .map(([path, { from, to }]) => `${path.replace('params.', '')} ${String(from)}>${String(to)}`)
              .join(' ')}`;
      return `${record.decision} ${who}${from} ${record.stage}${added}${changes}`;
    }
    default:
      return `${record.type} ${record.status ?? ''}`.trim();
  }
}

export function createStory(world: World, tag: string): Story {
  const { stack } = world;
  let id = '';
  const call: typeof stack.call = (...args) => stack.call(...args);
  const post = async (path: string, body: object | undefined, token?: string): Promise<Answer> =>
    call('POST', path, body, token === undefined ? {} : { token });
  const story: Story = {
    world,
    tag,
    get id() {
      return id;
    },
    person: (name) => personOf(tag, name),
    async ask(amount = 500, more = {}) {
      const body = {
        surface: surfaceOf(tag),
        action: 'story.tell',
        actor: {
          id: `agent:${tag}`,
          type: 'agent',
          onBehalfOf: { id: personOf(tag, 'req'), type: 'user' },
        },
        resource: { type: 'order', id: `ord_${tag}` },
        params: { amount, currency: 'USD' },
        ...(JSON.parse(own(tag, more)) as object),
      };
      const asked = await stack.ask(body, { key: randomUUID() });
      id = asked.body.id ?? asked.body.action?.id ?? '';
      return asked;
    },
    async decide(name, decision, { token, headers } = {}) {
      const answer = await call('POST', `/v1/actions/${id}/decisions`, decision, {
        token: token ?? (await world.tokenOf(personOf(tag, name))),
        ...(headers === undefined ? {} : { headers }),
      });
      return said(answer);
    },
    approve: (name, more = {}) => story.decide(name, { decision: 'approve', ...more }),
    refuse: (name, more = {}) => story.decide(name, { decision: 'refuse', reason: 'not like this', ...more }),
    question: (name) => story.decide(name, { decision: 'return', reason: 'which order?' }),
    extend: (name, seconds) =>
      story.decide(name, { decision: 'extend', until: new Date(Date.now() + seconds * 1000).toISOString() }),
    answer: async (text = 'the second one') => said(await post(`/v1/actions/${id}/answer`, { text })),
    cancel: async () => said(await post(`/v1/actions/${id}/cancel`, undefined)),
    async delegate(from, to, { seconds = 600, surfaces = [surfaceOf(tag)] } = {}) {
      const answer = await post(
        '/v1/delegations',
        { to: personOf(tag, to), until: new Date(Date.now() + seconds * 1000).toISOString(), surfaces },
        await world.tokenOf(personOf(tag, from)),
      );
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body.id as string;
    },
    async revoke(from, delegation) {
      const token = await world.tokenOf(personOf(tag, from));
      expect((await call('DELETE', `/v1/delegations/${delegation}`, undefined, { token })).status).toBe(204);
    },
    async freeze(scope = 'surface') {
      const value = scope === 'surface' ? surfaceOf(tag) : `agent:${tag}`;
      const answer = await post(
        '/v1/freezes',
        { scope, value, reason: 'something is off' },
        await world.tokenOf(INCIDENT),
      );
      expect(answer.status).toBe(201);
      return answer.body.id as string;
    },
    async thaw(freeze) {
      const token = await world.tokenOf(INCIDENT);
      expect((await call('DELETE', `/v1/freezes/${freeze}`, { reason: 'over' }, { token })).status).toBe(200);
    },
    leave: (name) => world.change(personOf(tag, name), { active: false }),
    action: async () => (await call('GET', `/v1/actions/${id}`)).body,
    becomes: (status) =>
      eventually(`${tag} becomes ${status}`, async () => {
        const action = await story.action();
        return action.status === status ? action : undefined;
      }),
    sealed: (count) =>
      eventually(`${tag} has ${count} records`, async () => {
        const lines = (await story.records()).map(lineOf);
        return lines.length >= count ? lines : undefined;
      }),
    async records() {
      const { body } = await call('GET', `/v1/records?action=${id}&limit=100`);
      return (body.records as Body[]).map(({ record }) => record).reverse();
    },
  };
  return story;
}

const CLOSED = ['released', 'refused', 'expired', 'cancelled'];

/** What is left of a story compares with what was wanted of it. */
export async function check(story: Story, { wanted }: Scenario): Promise<void> {
  const action = await eventually(`${story.tag} becomes ${String(wanted.status)}`, async () => {
    const now = await story.action();
    return matches(now.status, wanted.status) ? now : undefined;
  });
  const records = await story.records();
  expect(records.map(lineOf)).toEqual(wanted.records);
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index));
  expect(records[0].prev).toBeNull();
  expect(records.slice(1).map(({ prev }) => prev)).toEqual(action.records.slice(0, -1));
  expect(typeof action.permit === 'string').toBe(action.status === 'released');
  if (!CLOSED.includes(action.status as string)) return;
  // What is closed stays as it is, whoever comes late.
  for (const late of [() => story.approve('bob'), () => story.refuse('ann'), () => story.cancel()])
    expect(await late()).not.toBe('done');
  expect((await story.records()).length).toBe(records.length);
}

function matches(value: unknown, wanted: unknown): boolean {
  try {
    expect(value).toEqual(wanted);
    return true;
  } catch {
    return false;
  }
}
