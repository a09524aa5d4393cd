import { createServer } from 'node:http';
import express from 'express';
import type { SandboxControl } from './control/control.ts';
import type { Credentials } from './core.ts';
import { BASE_PATH, createSlackSandbox } from './sandbox.ts';
import type { SandboxOptions } from './types.ts';

export interface StartOptions extends SandboxOptions {
  /** Default `127.0.0.1`. Anyone who can reach it can act as anyone in it: keep it on loopback. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
}

/** A running sandbox. */
export interface RunningSandbox extends Credentials {
  /** The page: `http://127.0.0.1:port/slack-sandbox`. */
  url: string;
  /** For `SLACK_API_URL`; ends with `/`. */
  apiUrl: string;
  control: SandboxControl;
  /** Closes everything at once, hung calls included. */
  stop(): Promise<void>;
}

/** Starts a sandbox with an HTTP server of its own. @throws the listen error (`EADDRINUSE` …). */
export async function startSlackSandbox(options: StartOptions): Promise<RunningSandbox> {
  const basePath = options.basePath ?? BASE_PATH;
  const sandbox = createSlackSandbox({ ...options, basePath });
  const app = express();
  app.disable('x-powered-by');
  app.use(basePath, sandbox.router);
  const server = createServer(app);
  sandbox.attachWebSocket(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const host = options.host ?? '127.0.0.1';
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${String(port)}${basePath}`;
  sandbox.setUrl(url);
  const { botToken, appToken, signingSecret, control } = sandbox;
  return {
    url,
    apiUrl: `${url}/api/`,
    botToken,
    appToken,
    signingSecret,
    control,
    stop: () =>
      new Promise((resolve) => {
        sandbox.close();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
