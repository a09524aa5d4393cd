/** The server that agents speak to: `tools/call` is governed, and nothing goes through that is not listed. */
import {
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type Result,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { JsonObject } from '../client/index.ts';
import { answerResult, waitingAnswer, waitingWords, type ToolAnswer } from './answers.ts';
import type { Calls, GovernedCall } from './calls.ts';
import { LISTABLE, type McpSettings } from './settings.ts';
import type { Tools } from './tools.ts';
import type { ToolResult, Upstream } from './upstream.ts';

export interface ServerOptions {
  calls: Calls;
  tools: Tools;
  upstream: Upstream;
  settings: McpSettings;
  holds: Holds;
}

/** Milliseconds for which an answer is held while a human is awaited. */
export interface Holds {
  /** Without a sign of life: clients give up after a minute. */
  plain: number;
  /** With progress: some clients give up after four minutes all the same. */
  progress: number;
  /** How often progress is shown. */
  every: number;
}

export const HOLDS: Holds = { plain: 45_000, progress: 240_000, every: 10_000 };

const TASKS = 'io.modelcontextprotocol/tasks';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const POLL_MS = 5000;

const taskParams = z.looseObject({ taskId: z.string().min(1).max(256) });
const anything = z.looseObject({});

/** One serving unit: a connection over stdio, or a request over HTTP. */
export function createServer(options: ServerOptions): Server {
  const { settings, tools, upstream } = options;
  const allowed = (prefix: string): boolean => settings.allow.some((method) => method.startsWith(prefix));
  const server = new Server(
    { name: `countersign: ${settings.server}`, version: '1' },
    {
      capabilities: {
        tools: { listChanged: true },
        ...(allowed('resources/') ? { resources: {} } : {}),
        ...(allowed('prompts/') ? { prompts: {} } : {}),
        ...(allowed('completion/') ? { completions: {} } : {}),
        extensions: { [TASKS]: {} },
      },
      instructions:
        'Calls of tools are governed by Countersign. A result that says `waiting` is not an error: a human decides. Do not try another way; make the same call again after the time it names.',
    },
  );
  // A server's lists and its tools' answers go through unchanged.
  server.setRequestHandler('tools/list', { params: anything, result: anything }, async () => ({
    tools: await tools.listed(),
  }));
  server.setRequestHandler('tools/call', { params: callParams, result: anything }, (params, context) =>
    callTool(options, params, context),
  );
  const { taskOf, cancelled } = createTasks(options);
  server.setRequestHandler('tasks/get', { params: taskParams, result: anything }, ({ taskId }) => taskOf(taskId));
  server.setRequestHandler('tasks/cancel', { params: taskParams, result: anything }, ({ taskId }) => cancelled(taskId));
  server.setRequestHandler('tasks/update', { params: taskParams, result: anything }, ({ taskId }) => taskOf(taskId));
  for (const method of LISTABLE) {
    if (!settings.allow.includes(method)) continue;
    server.setRequestHandler(method, { params: anything, result: anything }, (params) => upstream.pass(method, params));
  }
  return server;
}

const callParams = z.looseObject({
  name: z.string().min(1).max(256),
  arguments: z.record(z.string(), z.json()).optional(),
});

const isAnswer = (value: object): value is ToolAnswer => 'code' in value;

async function callTool(
  options: ServerOptions,
  { name, arguments: given = {} }: z.infer<typeof callParams>,
  context: ServerContext,
): Promise<Result> {
  const usable = await options.tools.usable(name);
  if (isAnswer(usable)) return answerResult(usable);
  const call = options.calls.join({ ...usable, arguments: given as JsonObject });
  const { signal } = context.mcpReq;
  await Promise.race([call.asked, aborted(signal)]);
  // Only the answer to the call itself says what kind of result it is.
  if (call.settled === null && speaksTasks(context)) return { resultType: 'task', ...taskView(call) };
  const result = await hold(call, options.holds, context);
  if (signal.aborted) throw new ProtocolError(ProtocolErrorCode.InternalError, 'the caller stopped waiting');
  if (result === null) return answerResult(waitingAnswer(call.waiting, Date.now()));
  options.calls.delivered(call);
  return result;
}

/** Whether this request says that its client supports tasks. No other request gets one. */
function speaksTasks({ mcpReq }: ServerContext): boolean {
  const { envelope = {} } = mcpReq as { envelope?: Record<string, unknown> };
  const capabilities = envelope[CAPABILITIES] as { extensions?: Record<string, unknown> } | undefined;
  return capabilities?.extensions?.[TASKS] !== undefined;
}

/** The result, or null when it did not come in the time that this client waits. */
async function hold(call: GovernedCall, holds: Holds, { mcpReq }: ServerContext): Promise<ToolResult | null> {
  const token = mcpReq._meta?.progressToken;
  const ends = new AbortController();
  const stop = aborted(AbortSignal.any([mcpReq.signal, ends.signal]));
  let progress = 0;
  const show = (message: string | undefined): void => {
    if (token === undefined) return;
    progress += 1;
    const params = { progressToken: token, progress, ...(message === undefined ? {} : { message }) };
    // A client that is gone gets no progress, and loses nothing.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  const listener = ({ message }: { message?: string | undefined }): void => show(message);
  const timer = setTimeout(() => ends.abort(), token === undefined ? holds.plain : holds.progress);
  const beat = setInterval(() => {
    if (call.waiting !== null) show(waitingWords(call.waiting).words);
  }, holds.every);
  call.listeners.add(listener);
  try {
    if (call.waiting !== null) show(waitingWords(call.waiting).words);
    return await Promise.race([call.result, stop.then(() => null)]);
  } finally {
    clearTimeout(timer);
    clearInterval(beat);
    call.listeners.delete(listener);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const startedAt = new WeakMap<GovernedCall, string>();

/** A call as a task of the 2026-07-28 extension. */
function taskView(call: GovernedCall): Result {
  const now = new Date().toISOString();
  const createdAt = startedAt.get(call) ?? now;
  startedAt.set(call, createdAt);
  const { settled, waiting } = call;
  const underWay = waiting === null ? 'working' : waitingWords(waiting).words;
  return {
    taskId: call.taskId,
    status: settled === null ? 'working' : 'completed',
    statusMessage: settled === null ? underWay : 'done',
    createdAt,
    lastUpdatedAt: now,
    ttlMs: null,
    pollIntervalMs: POLL_MS,
    ...(settled === null ? {} : { result: settled }),
  };
}

/** Tasks are calls; one that this process no longer knows is joined again from its stored state. */
function createTasks({ calls, tools }: ServerOptions): {
  taskOf(taskId: string): Promise<Result>;
  cancelled(taskId: string): Promise<Result>;
} {
  /** Finished ones, so that a client may look at its result again. */
  const finished = new Map<string, GovernedCall>();
  const find = async (taskId: string): Promise<GovernedCall> => {
    const done = finished.get(taskId);
    if (done !== undefined) return done;
    const stored = calls.find(taskId);
    const usable = stored === null ? null : await tools.usable(stored.tool);
    if (stored === null || usable === null || isAnswer(usable)) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is no such task');
    }
    return calls.join({ ...usable, arguments: stored.arguments });
  };
  return {
    async taskOf(taskId) {
      const call = await find(taskId);
      if (call.settled !== null) {
        finished.set(taskId, call);
        const oldest = finished.keys().next().value;
        if (finished.size > FINISHED_MAX && oldest !== undefined) finished.delete(oldest);
        calls.delivered(call);
      }
      return taskView(call);
    },
    // It stops waiting, and withdraws nothing: people may still decide, and the same call gets the result.
    async cancelled(taskId) {
      const task = taskView(await find(taskId));
      return task['status'] === 'working' ? { ...task, status: 'cancelled' } : task;
    },
  };
}

const FINISHED_MAX = 1000;
