/** How long a call is held, and what it joins: minutes of a clock of its own, no minute of ours. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tool } from '@modelcontextprotocol/client';
import {
  CountersignError,
  Skip,
  type Action,
  type ActionRequest,
  type Countersign,
  type JsonObject,
} from '../../src/client/index.ts';
import { Calls, createTools, HOLDS, openState, serveOverStdio, type Upstream } from '../../src/mcp/index.ts';
import { readSettings } from '../../src/mcp/settings.ts';

const LEAD = 'user:lead@acme.test';
const waiting: Action = {
  ...{ id: 'act_1', tenant: 'default', status: 'supervised', requestHash: 'sha256:1', verdict: null, permit: null },
  ...{ records: [], createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z', redeemedAt: null },
  approval: {
    stage: 0,
    stages: [{ name: 'finance', quorum: 1, approvers: [LEAD], decisions: [] }],
    expiresAt: '2026-01-02T00:00:00Z',
  },
};

/** `govern()` of a client whose engine is this test. */
class Engine {
  /** Keys under which was asked, in order. */
  readonly keys: string[] = [];
  down = false;
  changes: JsonObject | null = null;
  #decide: () => void = () => undefined;
  #decided = new Promise<void>((resolve) => (this.#decide = resolve));

  approve(): void {
    this.#decide();
  }

  govern: Countersign['govern'] = async (request, { key, onWaiting }, execute) => {
    this.keys.push(key);
    // The answer of an engine comes later, if only by a little.
    await Promise.resolve();
    if (this.down) throw new CountersignError('unavailable', 'nobody answers');
    onWaiting?.(waiting);
    await this.#decided;
    const { changes } = this;
    try {
      const release = { permit: 'eyJ', version: null, changes, action: waiting };
      const value = await execute({ ...request, ...changes } as ActionRequest, release);
      return { status: 'executed', decision: 'supervise', value, request, changes, reported: true, action: waiting };
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      return { status: 'skipped', reason: error.message, reported: true, action: waiting };
    }
  };
}

type Message = Record<string, unknown> & { result?: Record<string, unknown> };

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const call = { name: 'create_refund', arguments: { amount: 420 } };

/** A proxy in this process, a client that writes by hand, and what the server behind it ran. */
class World {
  readonly engine = new Engine();
  readonly ran: JsonObject[] = [];
  readonly toolsChanged = new Set<() => void>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'countersign-mcp-'));
  readonly #input = new PassThrough();
  readonly #lines: Message[] = [];
  #next = 0;

  constructor() {
    const tool: Tool = { name: 'create_refund', inputSchema: { type: 'object' } };
    const upstream: Upstream = {
      tools: async () => [tool],
      call: async (_tool, given) => {
        this.ran.push(given);
        return { content: [{ type: 'text', text: 're_1' }] };
      },
      pass: () => Promise.reject(new Error('nothing is allowed')),
      close: async () => undefined,
    };
    const settings = readSettings(undefined, 'shop');
    const state = openState(this.#folder);
    const actor = { id: 'agent:bot', type: 'agent' } as const;
    const calls = new Calls({ client: this.engine, upstream, state, settings, actor });
    const output = new PassThrough();
    output.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) this.#lines.push(JSON.parse(line) as Message);
    });
    const options = { calls, upstream, settings, tools: createTools(upstream, state, settings), holds: HOLDS };
    void serveOverStdio(options, {
      ...{ input: this.#input, output, toolsChanged: this.toolsChanged },
      onError: () => undefined,
    });
  }

  /** As the revision of 2025 begins. */
  async initialize(): Promise<void> {
    const id = this.send('initialize', {
      ...{ protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
    });
    await this.answer(id);
    this.write({ method: 'notifications/initialized' });
  }

  write(message: object): void {
    this.#input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  send(method: string, params: object): number {
    const id = (this.#next += 1);
    this.write({ id, method, params });
    return id;
  }

  /** The answer to a message, once it is there: what is under way needs no time of the clock. */
  async answer(id: number): Promise<Record<string, unknown>> {
    const { result = {} } = (await this.#seen(({ id: of }) => of === id)) ?? {};
    return result;
  }

  async notified(method: string): Promise<Message[]> {
    await this.#seen(({ method: of }) => of === method);
    return this.#lines.filter(({ method: of }) => of === method);
  }

  answered = (id: number): boolean => this.#lines.some(({ id: of }) => of === id);

  async #seen(wanted: (message: Message) => boolean): Promise<Message | undefined> {
    for (let turn = 0; turn < 10_000; turn += 1) {
      const found = this.#lines.find(wanted);
      if (found !== undefined) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return undefined;
  }

  close(): void {
    this.#input.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const codeOf = (result: Record<string, unknown>): unknown => {
  const [block] = result['content'] as { text: string }[];
  return (JSON.parse(block?.text ?? '{}') as { code: unknown }).code;
};

let world: World;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  world = new World();
});
afterEach(() => {
  world.close();
  vi.useRealTimers();
});

const minutes = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);

describe('a wait of ten minutes', () => {
  it('without a sign of life: told to come back, after 45 seconds each time, and run once after the yes', async () => {
    await world.initialize();
    for (let passed = 0; passed < 10; passed += 1) {
      const id = world.send('tools/call', call);
      await world.notified('nothing');
      await vi.advanceTimersByTimeAsync(44_000);
      expect(world.answered(id)).toBe(false);
      await vi.advanceTimersByTimeAsync(1_000);
      const result = await world.answer(id);
      expect(codeOf(result)).toBe('waiting');
      expect(JSON.stringify(result)).toMatch(
        /user:lead@acme\.test until .*do not retry before .*do not try another way/,
      );
      await vi.advanceTimersByTimeAsync(15_000);
    }
    world.engine.approve();
    expect(await world.answer(world.send('tools/call', call))).toMatchObject({ content: [{ text: 're_1' }] });
    expect([world.engine.keys.length, world.ran]).toEqual([1, [call.arguments]]);
    // Its result was delivered: the same call is a new one.
    await world.answer(world.send('tools/call', call));
    expect(new Set(world.engine.keys).size).toBe(2);
  });

  it('with progress: held for 240 seconds, and shown that it lives', async () => {
    await world.initialize();
    const id = world.send('tools/call', { ...call, _meta: { progressToken: 'p' } });
    await world.notified('notifications/progress');
    await minutes(3.9);
    expect(world.answered(id)).toBe(false);
    await minutes(0.1);
    expect(codeOf(await world.answer(id))).toBe('waiting');
    const shown = await world.notified('notifications/progress');
    expect(shown.length).toBeGreaterThan(20);
    expect(JSON.stringify(shown[0])).toContain(LEAD);
  });

  it('as a task: until it is over, however long', async () => {
    const made = await world.answer(world.send('tools/call', { ...call, _meta: META }));
    expect(made).toMatchObject({ resultType: 'task', status: 'working', statusMessage: expect.stringContaining(LEAD) });
    const about = { taskId: made['taskId'], _meta: META };
    await minutes(10);
    for (const method of ['tasks/get', 'tasks/update'])
      expect(await world.answer(world.send(method, about))).toMatchObject({ status: 'working' });
    expect(await world.answer(world.send('tasks/cancel', about))).toMatchObject({ status: 'cancelled' });
    world.engine.approve();
    await world.notified('nothing');
    const done = await world.answer(world.send('tasks/get', about));
    expect(done).toMatchObject({ status: 'completed', result: { content: [{ text: 're_1' }] } });
    expect(world.ran).toEqual([call.arguments]);
    expect(JSON.stringify(made)).not.toContain(world.engine.keys[0]?.split(':')[2]);
  });
});

it('whoever gives up and calls again joins, and the call runs once', async () => {
  await world.initialize();
  const first = world.send('tools/call', call);
  await world.notified('nothing');
  world.write({ method: 'notifications/cancelled', params: { requestId: first, reason: 'timeout' } });
  const second = world.send('tools/call', call);
  await world.notified('nothing');
  world.engine.approve();
  expect(await world.answer(second)).toMatchObject({ content: [{ text: 're_1' }] });
  expect([world.engine.keys.length, world.ran.length, world.answered(first)]).toEqual([1, 1, false]);
});

it('a call that could not be asked for is asked for under the same key the next time', async () => {
  await world.initialize();
  world.engine.down = true;
  expect(codeOf(await world.answer(world.send('tools/call', call)))).toBe('unavailable');
  world.engine.down = false;
  world.engine.approve();
  expect(await world.answer(world.send('tools/call', call))).toMatchObject({ content: [{ text: 're_1' }] });
  expect(new Set(world.engine.keys).size).toBe(1);
});

it('what was released as something else than this call is not run', async () => {
  await world.initialize();
  world.engine.changes = { action: 'refund.draft' };
  world.engine.approve();
  expect(codeOf(await world.answer(world.send('tools/call', call)))).toBe('cancelled');
  expect(world.ran).toEqual([]);
});

it('a client hears that the tools changed', async () => {
  await world.initialize();
  for (const tell of world.toolsChanged) tell();
  expect(await world.notified('notifications/tools/list_changed')).toHaveLength(1);
});
