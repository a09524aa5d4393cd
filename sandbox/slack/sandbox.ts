import type { Server } from 'node:http';
import { Router } from 'express';
import { DEFAULT_EVENTS, DEFAULT_SCOPES } from './api/methods.ts';
import { apiRouter } from './api/router.ts';
import { systemClock } from './clock.ts';
import { createControl } from './control/control.ts';
import type { SandboxControl } from './control/control.ts';
import { remember } from './core.ts';
import type { Core, Credentials } from './core.ts';
import { Deliverer } from './delivery/deliver.ts';
import { SocketHub } from './delivery/socket.ts';
import { Faults } from './faults.ts';
import { secretHex } from './ids.ts';
import { isFromHere } from './loopback.ts';
import { fileJournal, noJournal } from './journal.ts';
import { pageRouter } from './page/routes.ts';
import { ResponseUrls } from './response-urls.ts';
import { Triggers } from './triggers.ts';
import type { SandboxOptions } from './types.ts';
import { World } from './world.ts';

/** A sandbox to be mounted in somebody's express application. */
export interface SlackSandbox extends Credentials {
  /** Mount at `options.basePath`. It reads its own bodies and sets its own Content-Security-Policy. */
  router: Router;
  /** Serves Socket Mode on `server`, and learns the sandbox's URL from it once it listens. */
  attachWebSocket(server: Server): void;
  /** Where it can be reached, if not at the address `server` listens on. Without a trailing slash. */
  setUrl(url: string): void;
  control: SandboxControl;
  /** Closes Socket Mode connections and open pages. */
  close(): void;
}

/** Default mount point. */
export const BASE_PATH = '/slack-sandbox';

/** Makes a strict Slack workspace with one app in it. */
export function createSlackSandbox(options: SandboxOptions): SlackSandbox {
  const clock = options.clock ?? systemClock;
  const basePath = options.basePath ?? BASE_PATH;
  const credentials: Credentials = {
    botToken: options.botToken ?? `xoxb-sandbox-${secretHex(24)}`,
    appToken: options.appToken ?? `xapp-1-A0SANDBOX-${secretHex(24)}`,
    signingSecret: options.signingSecret ?? secretHex(32),
  };
  const world = new World(options, clock, options.stateFile === undefined ? noJournal : fileJournal(options.stateFile));
  const sockets = new SocketHub(clock, world.app.appId);
  const faults = new Faults();
  let url: string | undefined;
  let server: Server | undefined;
  const core: Core = {
    clock,
    world,
    faults,
    triggers: new Triggers(clock),
    responseUrls: new ResponseUrls(clock),
    credentials,
    strict: options.strict ?? true,
    allowedHosts: options.allowedHosts ?? [],
    scopes: new Set(options.scopes ?? DEFAULT_SCOPES),
    events: new Set(options.events ?? DEFAULT_EVENTS),
    drafts: new Map(),
    calls: [],
    deliveries: [],
    problems: [],
    url: () => url ?? addressOf(server, basePath),
    socketTicket: () => sockets.ticket(),
    deliverer: new Deliverer({
      clock,
      faults,
      sockets,
      signingSecret: credentials.signingSecret,
      ...(options.requestUrl === undefined ? {} : { requestUrl: options.requestUrl }),
      record: (delivery) => {
        remember(core.deliveries, delivery);
        world.changed();
      },
    }),
  };
  const control = createControl(core, sockets);
  const page = pageRouter(core, control);
  const router = Router();
  router.use((request, response, next) => {
    if (isFromHere(request)) next();
    else response.status(403).type('text/plain').send('the sandbox is for this machine only');
  });
  router.use(apiRouter(core), page.router);
  return {
    ...credentials,
    router,
    control,
    setUrl: (value) => {
      url = value.replace(/\/$/, '');
    },
    attachWebSocket: (listening) => {
      server = listening;
      sockets.attach(listening, `${basePath}/link/`);
    },
    close: () => {
      page.close();
      sockets.close();
    },
  };
}

function addressOf(server: Server | undefined, basePath: string): string {
  const address = server?.address();
  if (address === null || address === undefined || typeof address === 'string') {
    throw new Error('the sandbox does not know its address: call attachWebSocket(server) and listen, or setUrl()');
  }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${String(address.port)}${basePath}`;
}
