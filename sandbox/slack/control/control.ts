import type { Core } from '../core.ts';
import { SandboxControlError } from '../errors.ts';
import type { Fault } from '../faults.ts';
import { secretHex } from '../ids.ts';
import { asObject, parseJson } from '../json.ts';
import { signedHeaders } from '../delivery/sign.ts';
import { encode } from '../delivery/deliver.ts';
import type { HttpAnswer } from '../delivery/http.ts';
import type {
  ApiCall,
  Delivery,
  DeliveryKind,
  JsonObject,
  SandboxChannel,
  SandboxMessage,
  SandboxUser,
  SandboxView,
  ScreenProblem,
} from '../types.ts';
import { click, clickInView } from './clicks.ts';
import type { Click, ViewClick } from './clicks.ts';
import { command, deliverEvent, openHome, write } from './commands.ts';
import type { Command } from './commands.ts';
import { close, submit } from './modals.ts';
import type { Submit, SubmitResult } from './modals.ts';
import { actResult } from './outcome.ts';
import type { ActResult } from './outcome.ts';
import { messagesSeen } from './people.ts';

/** Drives a sandbox: acts as its people, looks at their screens, and breaks things. */
export interface SandboxControl {
  readonly users: SandboxUser[];
  readonly channels: SandboxChannel[];
  /** Every Web API call and `response_url` post, oldest first. */
  readonly calls: readonly ApiCall[];
  /** Every payload sent to the app, oldest first. */
  readonly deliveries: readonly Delivery[];
  /** Errors people saw, oldest first. */
  readonly problems: readonly ScreenProblem[];
  /** The channel of that id or name. @throws SandboxControlError `channel_not_found`. */
  channel(idOrName: string): SandboxChannel;
  /** The IM between a person and the app; made if need be. */
  im(user: string): SandboxChannel;
  /** Messages of a channel (id or name), oldest first, thread replies included, ephemerals not. */
  messages(channel: string): SandboxMessage[];
  /** A thread's parent and replies. */
  thread(channel: string, ts: string): SandboxMessage[];
  /** Ephemerals a user sees, in all channels, oldest first. */
  ephemerals(user: string): SandboxMessage[];
  /** The modal a user has on top of the screen. */
  modal(user: string): SandboxView | undefined;
  home(user: string): SandboxView | undefined;

  click(act: Click): Promise<ActResult>;
  clickInView(act: ViewClick): Promise<ActResult>;
  submit(act: Submit): Promise<SubmitResult>;
  close(act: { user: string; viewId: string; all?: boolean }): Promise<ActResult[]>;
  slashCommand(act: Command): Promise<ActResult>;
  openHome(user: string): Promise<ActResult>;
  write(act: {
    user: string;
    channel: string;
    text: string;
    threadTs?: string;
  }): Promise<{ message: SandboxMessage; event?: ActResult }>;
  /** Any event, in its `event_callback` wrapper. */
  event(event: JsonObject): Promise<ActResult>;
  /** Sends the `url_verification` handshake; true when the challenge came back. */
  verifyUrl(): Promise<boolean>;
  /** Any payload as it is, signed (with another `secret` or `timestamp`, in seconds, to forge). Over HTTP only. */
  deliver(
    kind: DeliveryKind,
    payload: JsonObject,
    forge?: { secret?: string; timestamp?: number },
  ): Promise<HttpAnswer>;
  /** Any body and headers to the request URL. */
  postRaw(body: string, headers: Record<string, string>): Promise<HttpAnswer>;

  inject(fault: Fault): void;
  clearFaults(): void;
  setRequestUrl(url: string | undefined): void;
  setScopes(scopes: string[]): void;
  setUser(id: string, changes: Partial<Omit<SandboxUser, 'id'>>): void;
  /** Tells Socket Mode clients to reconnect. */
  refreshSockets(): void;
  readonly socketClients: number;
  /** Forgets calls, deliveries, problems and faults; messages stay. */
  clearLogs(): void;
  /**
   * The first truthy value of `predicate`, asked again after every change.
   * @param timeoutMs real time; default 10,000. @throws SandboxControlError `timeout`.
   */
  waitFor<T>(predicate: () => T | undefined | null | false, timeoutMs?: number): Promise<T>;
}

/** The control of one sandbox. */
export function createControl(core: Core, sockets: { connected: number; refresh(): void }): SandboxControl {
  const { world } = core;
  const channelOf = (idOrName: string): SandboxChannel => {
    const channel = world.findChannel(idOrName);
    if (channel) return channel;
    throw new SandboxControlError('channel_not_found', `no channel \`${idOrName}\` in the sandbox`);
  };
  return {
    get users() {
      return [...world.users.values()];
    },
    get channels() {
      return [...world.channels.values()];
    },
    calls: core.calls,
    deliveries: core.deliveries,
    problems: core.problems,
    channel: channelOf,
    im: (user) => world.im(user),
    messages: (channel) => messagesSeen(core, channelOf(channel).id),
    thread: (channel, ts) =>
      messagesSeen(core, channelOf(channel).id).filter((message) => message.ts === ts || message.threadTs === ts),
    ephemerals: (user) => [...world.messages.values()].flat().filter((message) => message.ephemeralTo === user),
    modal: (user) => world.modals.get(user)?.at(-1),
    home: (user) => world.homes.get(user),

    click: (act) => click(core, act),
    clickInView: (act) => clickInView(core, act),
    submit: (act) => submit(core, act),
    close: (act) => close(core, act),
    slashCommand: (act) => command(core, act),
    openHome: (user) => openHome(core, user),
    write: (act) => write(core, act),
    event: (event) => deliverEvent(core, event),
    async verifyUrl() {
      const challenge = secretHex(40);
      const payload = { type: 'url_verification', token: 'sandbox-verification-token', challenge };
      const { body, status } = actResult(await core.deliverer.deliver('event', payload));
      return status === 200 && (body === challenge || asObject(parseJson(body))['challenge'] === challenge);
    },
    deliver(kind, payload, forge = {}) {
      const { body, contentType } = encode(kind, payload);
      const timestamp = forge.timestamp ?? Math.floor(core.clock.now() / 1000);
      const secret = forge.secret ?? core.credentials.signingSecret;
      return core.deliverer.postRaw(body, signedHeaders(secret, timestamp, body, contentType));
    },
    postRaw: (body, headers) => core.deliverer.postRaw(body, headers),

    inject: (fault) => {
      core.faults.inject(fault);
    },
    clearFaults: () => {
      core.faults.clear();
    },
    setRequestUrl: (url) => {
      core.deliverer.requestUrl = url;
    },
    setScopes: (scopes) => {
      core.scopes = new Set(scopes);
    },
    setUser: (id, changes) => {
      const user = world.users.get(id);
      if (!user) throw new SandboxControlError('user_not_found', `no user \`${id}\` in the sandbox`);
      Object.assign(user, changes);
      world.changed();
    },
    refreshSockets: () => {
      sockets.refresh();
    },
    get socketClients() {
      return sockets.connected;
    },
    clearLogs: () => {
      core.calls.length = 0;
      core.deliveries.length = 0;
      core.problems.length = 0;
      core.faults.clear();
    },
    waitFor: (predicate, timeoutMs = 10_000) => waitFor(core, predicate, timeoutMs),
  };
}

async function waitFor<T>(core: Core, predicate: () => T | undefined | null | false, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      core.world.off('change', look);
      settle();
    };
    const look = (): void => {
      try {
        const value = predicate();
        if (value !== undefined && value !== null && value !== false) {
          finish(() => {
            resolve(value);
          });
        }
      } catch (error) {
        finish(() => {
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      }
    };
    const timer = setTimeout(() => {
      const why = `nothing like \`${predicate.toString()}\` within ${String(timeoutMs)} ms`;
      finish(() => {
        reject(new SandboxControlError('timeout', why));
      });
    }, timeoutMs);
    core.world.on('change', look);
    look();
  });
}
