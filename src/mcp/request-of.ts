/** A call of a tool as a request, and a released request as the arguments of the call: what was approved is what runs. */
import type { Tool } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { CountersignError, type ActionRequest, type Actor, type Json, type JsonObject } from '../client/index.ts';
import type { ToolSetting } from './settings.ts';

export interface McpCall {
  tool: Tool;
  /** Hash of the tool's description and schemas, as its owner accepted them. */
  pin: string;
  arguments: JsonObject;
}

const NOTHING: ToolSetting = { params: {}, content: [], open: false };

/** The surface of a tool that no mapping names: `mcp.<server>.<tool>`, in lower case. */
export const surfaceOfTool = (server: string, tool: string): string =>
  `mcp.${server}.${
    tool
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]+/g, '-')
      .replace(/^[-_]+/, '')
      .slice(0, 64) || 'tool'
  }`;

/**
 * The request of a call. It holds all arguments, as params or as content, under names that lead back to them; the tool's accepted
 * description is its version.
 */
export function requestOfCall(
  { tool, pin, arguments: given }: McpCall,
  { server, actor, setting = NOTHING }: { server: string; actor: Actor; setting?: ToolSetting | undefined },
): ActionRequest {
  const declared = setting.resource === undefined ? declaredBy(tool, given) : null;
  const id = setting.resource === undefined ? declared?.id : textAt(given, setting.resource.id);
  const renamed = new Map(Object.entries(setting.params).map(([param, argument]) => [argument, param]));
  const content = new Map<string, Json>();
  const params = new Map<string, Json>();
  for (const [argument, value] of Object.entries(given)) {
    if (setting.content.includes(argument)) {
      content.set(argument, value);
      continue;
    }
    const param = renamed.get(argument);
    // Two arguments would become one param: one of them would be judged, and the other lost.
    if (param === undefined && Object.hasOwn(setting.params, argument)) {
      const why = `the tool has no argument \`${argument}\`: its mapping calls another argument so`;
      throw new CountersignError('invalid-request', why, { status: 400 });
    }
    params.set(param ?? argument, value);
  }
  return {
    surface: setting.surface ?? surfaceOfTool(server, tool.name),
    action: setting.action ?? declared?.action ?? tool.name,
    actor,
    resource: {
      type: setting.resource?.type ?? declared?.type ?? 'mcp-tool',
      id: id ?? `${server}/${tool.name}`,
      tool: `${server}/${tool.name}`,
      version: pin,
    },
    params: Object.fromEntries(params),
    ...(content.size === 0 ? {} : { content: Object.fromEntries(content) }),
  };
}

/** A change outside of params: a call of the same tool would differ from the released request. */
export const uncarried = (changes: JsonObject | null): string[] =>
  Object.keys(changes ?? {}).filter((path) => !path.startsWith('params.'));

/** The arguments of a request as it was released, with what policy and approvers changed. */
export function argumentsOf({ params = {}, content = {} }: ActionRequest, setting: ToolSetting = NOTHING): JsonObject {
  const entries = Object.entries(params).map(([param, value]) => [setting.params[param] ?? param, value] as const);
  return { ...Object.fromEntries(entries), ...content };
}

/** `x-authzen-mapping` of a tool's input schema (COAZ), but only its simple forms: texts, and `$params.arguments.name`. */
const declarationSchema = z.object({
  evaluation: z.object({
    action: z.object({ name: z.string() }).optional(),
    resource: z.object({ type: z.string(), id: z.string() }).optional(),
  }),
});

const PLAIN = /^\$params\.arguments\.([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)$/;

/** The server's own description of its tool. It only provides names; it must not choose the surface. */
function declaredBy(tool: Tool, given: JsonObject): { action?: string; type?: string; id?: string } | null {
  const parsed = declarationSchema.safeParse(tool.inputSchema['x-authzen-mapping']);
  if (!parsed.success) return null;
  const read = (text: string | undefined): string | undefined => {
    if (text === undefined || !text.startsWith('$')) return text;
    const path = PLAIN.exec(text)?.[1];
    return path === undefined ? undefined : textAt(given, path);
  };
  const { action, resource } = parsed.data.evaluation;
  const [verb, type, id] = [read(action?.name), read(resource?.type), read(resource?.id)];
  return {
    ...(verb === undefined ? {} : { action: verb }),
    ...(type === undefined || id === undefined ? {} : { type, id }),
  };
}

function textAt(given: JsonObject, path: string): string | undefined {
  let value: unknown = given;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 256) : undefined;
}
