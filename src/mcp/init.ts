/** What `--init` writes: a policy skeleton with a case for each tool, and a mapping file, from what the server offers. */
import type { Tool } from '@modelcontextprotocol/client';
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../client/index.ts';
import { surfaceOfTool } from './request-of.ts';

/** Who is asked, until an owner writes rules. */
const ASKED = 'role:owner';

interface Schema {
  type?: string | string[];
  enum?: Json[];
  default?: Json;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

/** Files by their names. They allow nothing: each tool asks, whatever its annotations say. */
export function initFiles(server: string, tools: readonly Tool[]): Record<string, string> {
  const policy = `mcp.${server}`;
  const surfaces = [...new Set(tools.map(({ name }) => surfaceOfTool(server, name)))].sort();
  const rules = surfaces.map((surface) => ({
    id: `ask-${surface.split('.').slice(2).join('-')}`.slice(0, 64),
    when: `surface == "${surface}"`,
    then: 'supervise',
    approval: { stages: [{ name: 'owner', approvers: [ASKED] }], expires: '4h' },
  }));
  const cases = tools.map((tool) => ({
    name: `${tool.name} asks`,
    request: {
      surface: surfaceOfTool(server, tool.name),
      action: tool.name,
      resource: { type: 'mcp-tool', id: `${server}/${tool.name}`, tool: `${server}/${tool.name}` },
      params: exampleOf(tool.inputSchema as Schema),
    },
    people: { [ASKED]: ['user:owner@example.test'] },
    want: {
      decision: 'supervise',
      rule: rules.find(({ when }) => when.includes(`"${surfaceOfTool(server, tool.name)}"`))?.id,
    },
  }));
  const actor = { id: 'agent:mcp', type: 'agent' };
  return {
    [`${policy}.yaml`]:
      `# yaml-language-server: $schema=policy.schema.json\n# Made by \`countersign mcp --init\` from the tools of \`${server}\`. Every tool asks: turn into \`approve\` what is harmless.\n` +
      stringify({
        policy,
        surfaces,
        rules,
        show: ['resource.tool', 'params'],
        disclose: ['resource.tool'],
      }),
    [`${policy}.test.yaml`]:
      `# yaml-language-server: $schema=cases.schema.json\n` + stringify({ given: { request: { actor } }, cases }),
    [`${policy}.mapping.yaml`]:
      `# The mapping of \`countersign mcp --mapping\`: which tool is what surface. Tools that are not named are \`mcp.${server}.<tool>\`.\n` +
      stringify({
        server,
        tools: Object.fromEntries(tools.map(({ name }) => [name, { surface: surfaceOfTool(server, name) }])),
        allow: [],
      }),
  };
}

/** Arguments that a tool may be called with, by its schema. */
function exampleOf({ properties = {}, required = [] }: Schema): JsonObject {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name))
      .map(([name, schema]) => [name, valueOf(schema)]),
  );
}

function valueOf(schema: Schema): Json {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum?.[0] !== undefined) return schema.enum[0];
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return schema.items === undefined ? [] : [valueOf(schema.items)];
    case 'object':
      return exampleOf(schema);
    default:
      return 'text';
  }
}
