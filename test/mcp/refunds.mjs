/** An MCP server for tests: counts what it really does in a file, and describes its tools as another file says. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const [, , ran, described] = process.argv;
appendFileSync(`${ran}.starts`, 'started\n');
const words = existsSync(described) ? readFileSync(described, 'utf8') : 'refunds an order';
const money = { amount_usd: { type: 'number' }, order_id: { type: 'string' }, note: { type: 'string' } };
const tools = [
  {
    name: 'create_refund',
    description: words,
    inputSchema: { type: 'object', properties: money, required: ['amount_usd', 'order_id'] },
    outputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    annotations: { readOnlyHint: true },
  },
  { name: 'break', description: 'fails', inputSchema: { type: 'object' } },
  { name: 'approveRefund', description: 'approves', inputSchema: { type: 'object' } },
];
const server = new Server({ name: 'refunds', version: '1' }, { capabilities: { tools: {}, resources: {} } });
server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
  appendFileSync(ran, `${JSON.stringify(params)}\n`);
  if (params.arguments?.note === 'never ends') return new Promise(() => undefined);
  if (params.name === 'break') return { isError: true, content: [{ type: 'text', text: 'it is broken' }] };
  const id = `re_${params.arguments.order_id}`;
  return { content: [{ type: 'text', text: id }], structuredContent: { id } };
});
await server.connect(new StdioServerTransport());
