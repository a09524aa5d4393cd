/** The governed server behind the proxy: started once, when it is first needed. */
import {
  Client,
  ProtocolError,
  SdkError,
  StreamableHTTPClientTransport,
  type Tool,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import { OutcomeUnknown, type JsonObject } from '../client/index.ts';

export interface UpstreamOptions {
  /** A program and its arguments, or an address. */
  command: readonly [string, ...string[]] | { url: string };
  /** Bearer token for an address: the server's own credential, which agents do not get. */
  token?: string | undefined;
  /** Environment of the program, without our own variables. */
  env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that one call may take without a sign of life. */
  timeoutMs: number;
  /** Called when the server says that its tools changed. */
  onToolsChanged(): void;
}

/** A result of a tool, as the server gave it. */
export type ToolResult = { [more: string]: unknown; content: unknown[]; isError?: boolean };

export interface Progress {
  progress: number;
  total?: number | undefined;
  message?: string | undefined;
}

export interface Upstream {
  tools(): Promise<Tool[]>;
  call(tool: Tool, given: JsonObject, onProgress: ((progress: Progress) => void) | null): Promise<ToolResult>;
  /** Passes on any other method. */
  pass(method: string, params: Record<string, unknown> | undefined): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Whether the server may have begun to act, because it gave no answer instead of an error. */
export const isUnknownOutcome = (error: unknown): boolean =>
  error instanceof SdkError || error instanceof OutcomeUnknown;

export { ProtocolError };

const resultSchema = z.looseObject({ content: z.array(z.unknown()).default([]) });
const taskSchema = z.looseObject({ task: z.looseObject({ taskId: z.string(), status: z.string() }) });
const statusSchema = z.looseObject({ status: z.string(), statusMessage: z.string().optional() });
const anything = z.looseObject({});

/** How often a task of the server is polled, in milliseconds. */
const POLL_MS = 500;

export function createUpstream(options: UpstreamOptions): Upstream {
  let connecting: Promise<Client> | null = null;
  let tools: Promise<Tool[]> | null = null;
  const forget = (): void => {
    connecting = null;
    tools = null;
  };

  const connect = async (): Promise<Client> => {
    // No capability: sampling, elicitation and roots cannot be asked of the client in front.
    const client = new Client(
      { name: 'countersign-mcp', version: '1' },
      { capabilities: {}, versionNegotiation: { mode: 'legacy' } },
    );
    client.onclose = forget;
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      tools = null;
      options.onToolsChanged();
    });
    await client.connect(transportOf(options), { timeout: options.timeoutMs });
    return client;
  };
  const client = (): Promise<Client> =>
    (connecting ??= connect().catch((error: unknown) => {
      forget();
      throw new CountersignError('unavailable', 'the MCP server behind the proxy does not start; see its own output', {
        cause: error,
      });
    }));

  const limits = (onProgress: ((progress: Progress) => void) | null) => ({
    timeout: options.timeoutMs,
    // A server that shows progress is alive, however long it takes.
    onprogress: (progress: Progress) => onProgress?.(progress),
    resetTimeoutOnProgress: true,
  });

  /** Runs a tool that can only be run as a task of the 2025-11-25 revision. */
  const runTask = async (
    connected: Client,
    { name, given, onProgress }: { name: string; given: JsonObject; onProgress: ((progress: Progress) => void) | null },
  ): Promise<ToolResult> => {
    const params = { name, arguments: given, task: { ttl: TASK_TTL_MS } };
    const { task } = await connected.request({ method: 'tools/call', params }, taskSchema, limits(null));
    const about = { params: { taskId: task.taskId } };
    for (let { status } = task, looks = 1; !['completed', 'failed', 'cancelled'].includes(status); looks += 1) {
      if (status === 'input_required') {
        await connected.request({ method: 'tasks/cancel', ...about }, anything, limits(null)).catch(() => undefined);
        throw new OutcomeUnknown('the MCP server’s task asks for something that nobody here may be asked');
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const now = await connected.request({ method: 'tasks/get', ...about }, statusSchema, limits(null));
      ({ status } = now);
      onProgress?.({ progress: looks, message: now.statusMessage });
    }
    return connected.request({ method: 'tasks/result', ...about }, resultSchema, limits(null));
  };

  return {
    tools: () =>
      (tools ??= client()
        .then((connected) => connected.request({ method: 'tools/list' }, listSchema, limits(null)))
        .then(async (first) => {
          const all = [...first.tools];
          for (let cursor = first.nextCursor; cursor !== undefined;) {
            const page = await (
              await client()
            ).request({ method: 'tools/list', params: { cursor } }, listSchema, limits(null));
            all.push(...page.tools);
            cursor = page.nextCursor;
          }
          return all as Tool[];
        })
        .catch((error: unknown) => {
          tools = null;
          throw error;
        })),
    async call(tool, given, onProgress) {
      const connected = await client();
      const { taskSupport } = (tool['execution'] ?? {}) as { taskSupport?: unknown };
      if (taskSupport === 'required') return runTask(connected, { name: tool.name, given, onProgress });
      const params = { name: tool.name, arguments: given };
      return connected.request({ method: 'tools/call', params }, resultSchema, limits(onProgress));
    },
    async pass(method, params) {
      return (await client()).request({ method, ...(params === undefined ? {} : { params }) }, anything, limits(null));
    },
    async close() {
      const open = connecting;
      forget();
      await (await open?.catch(() => null))?.close();
    },
  };
}

const TASK_TTL_MS = 3_600_000;

const listSchema = z.looseObject({
  tools: z.array(z.looseObject({ name: z.string(), inputSchema: z.looseObject({}) })),
  nextCursor: z.string().optional(),
});

function transportOf({ command, env, token }: UpstreamOptions): StdioClientTransport | StreamableHTTPClientTransport {
  if ('url' in command) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new StreamableHTTPClientTransport(new URL(command.url), { requestInit: { headers } });
  }
  const [program, ...args] = command;
  // Our key may ask, so the executing server must not have it.
  const passed = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('COUNTERSIGN_') ? [] : [[name, value] as const],
  );
  return new StdioClientTransport({ command: program, args, env: Object.fromEntries(passed), stderr: 'inherit' });
}
