/** `countersign mcp`: governs an MCP server. Agents speak to it as to the server itself. */
export { Calls } from './calls.ts';
export { initFiles } from './init.ts';
export { createServer, HOLDS, type Holds, type ServerOptions } from './server.ts';
export { actorOf, readSettings, type McpSettings } from './settings.ts';
export { openState, type McpState } from './state.ts';
export { serveOverHttp } from './http.ts';
export { serveOverStdio } from './stdio.ts';
export { createTools, pinOf, pinsOf } from './tools.ts';
export { createUpstream, type Upstream } from './upstream.ts';
