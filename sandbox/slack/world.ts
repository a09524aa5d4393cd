import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Clock } from './clock.ts';
import { Timestamps, newId } from './ids.ts';
import type { Journal } from './journal.ts';
import type { JsonObject } from './json.ts';
import type { SandboxChannel, SandboxMessage, SandboxOptions, SandboxUser, SandboxView } from './types.ts';

/** The app as the workspace knows it. */
export interface AppIdentity {
  appId: string;
  botId: string;
  botUserId: string;
  name: string;
}

/** Old messages of a channel are forgotten beyond this many. */
const KEEP_MESSAGES = 5000;

/** The workspace: people, channels, messages, and what is on whose screen. Emits `change` after every change. */
export class World extends EventEmitter {
  readonly team: { id: string; name: string; domain: string };
  readonly app: AppIdentity;
  readonly users = new Map<string, SandboxUser>();
  readonly channels = new Map<string, SandboxChannel>();
  /** Channel id → messages, oldest first; ephemerals are among them. */
  readonly messages = new Map<string, SandboxMessage[]>();
  /** User id → open modals, the visible one last. */
  readonly modals = new Map<string, SandboxView[]>();
  readonly homes = new Map<string, SandboxView>();
  readonly timestamps: Timestamps;
  private readonly clock: Clock;
  private readonly journal: Journal;

  constructor(options: SandboxOptions, clock: Clock, journal: Journal) {
    super();
    this.setMaxListeners(0);
    this.clock = clock;
    this.journal = journal;
    this.timestamps = new Timestamps(clock);
    const workspace = options.workspace ?? { id: 'T0SANDBOX', name: 'Sandbox' };
    this.team = { ...workspace, domain: workspace.name.toLowerCase().replace(/[^a-z0-9]+/g, '-') };
    this.app = {
      appId: 'A0SANDBOX',
      botId: 'B0SANDBOX',
      botUserId: 'U0SANDBOXBOT',
      name: options.appName ?? 'Countersign',
    };
    for (const user of options.users) this.users.set(user.id, { ...user });
    this.users.set(this.app.botUserId, {
      id: this.app.botUserId,
      name: this.app.name.toLowerCase(),
      realName: this.app.name,
      email: '',
      isBot: true,
      tz: 'UTC',
    });
    for (const channel of options.channels ?? []) {
      const wanted = typeof channel === 'string' ? { name: channel } : channel;
      const name = wanted.name.replace(/^#/, '');
      this.addChannel({
        id: stableId('C', `${this.team.id}/${name}`),
        name,
        isPrivate: wanted.isPrivate ?? false,
        isIm: false,
        appIsMember: wanted.appIsMember ?? true,
        members: wanted.members ?? [...this.users.values()].filter((user) => !user.isBot).map((user) => user.id),
        created: Math.floor(clock.now() / 1000),
      });
    }
    this.restore();
  }

  /** The user's workspace. */
  teamOf(user: SandboxUser): string {
    return user.teamId ?? this.team.id;
  }

  changed(): void {
    this.emit('change');
  }

  private addChannel(channel: SandboxChannel): SandboxChannel {
    this.channels.set(channel.id, channel);
    this.messages.set(channel.id, []);
    return channel;
  }

  /** The channel of that id, or of that name with or without `#`. */
  findChannel(idOrName: string): SandboxChannel | undefined {
    const name = idOrName.replace(/^#/, '');
    return (
      this.channels.get(idOrName) ?? [...this.channels.values()].find((entry) => !entry.isIm && entry.name === name)
    );
  }

  /** The direct message channel between the app and a person, made when it is first needed. */
  im(userId: string): SandboxChannel {
    const id = stableId('D', `${this.team.id}/${userId}`);
    const existing = this.channels.get(id);
    if (existing) return existing;
    this.journal.append({ t: 'im', user: userId });
    return this.addChannel({
      id,
      name: '',
      isPrivate: true,
      isIm: true,
      imUser: userId,
      appIsMember: true,
      members: [userId],
      created: Math.floor(this.clock.now() / 1000),
    });
  }

  join(channel: SandboxChannel): void {
    channel.appIsMember = true;
    this.journal.append({ t: 'join', channel: channel.id });
    this.changed();
  }

  message(channel: string, ts: string): SandboxMessage | undefined {
    return this.messages.get(channel)?.find((message) => message.ts === ts);
  }

  addMessage(message: SandboxMessage): SandboxMessage {
    const list = this.messages.get(message.channel) ?? [];
    list.push(message);
    if (list.length > KEEP_MESSAGES) list.splice(0, list.length - KEEP_MESSAGES);
    this.messages.set(message.channel, list);
    this.saveMessage(message);
    this.changed();
    return message;
  }

  /** Writes down a message that was changed in place. */
  saveMessage(message: SandboxMessage): void {
    // An ephemeral lives in its reader's client only: Slack forgets it at the next reload, we at the next start.
    if (message.ephemeralTo === undefined) this.journal.append({ t: 'message', message: toJson(message) });
    this.changed();
  }

  removeMessage(message: SandboxMessage): void {
    const list = this.messages.get(message.channel) ?? [];
    this.messages.set(
      message.channel,
      list.filter((entry) => entry !== message),
    );
    this.journal.append({ t: 'delete', channel: message.channel, ts: message.ts });
    this.changed();
  }

  setHome(view: SandboxView): void {
    this.homes.set(view.user, view);
    this.journal.append({ t: 'home', view: toJson(view) });
    this.changed();
  }

  /** An open modal or a Home tab, by id. */
  view(id: string): SandboxView | undefined {
    for (const stack of this.modals.values()) {
      const found = stack.find((view) => view.id === id);
      if (found) return found;
    }
    return [...this.homes.values()].find((view) => view.id === id);
  }

  private restore(): void {
    for (const entry of this.journal.read()) {
      if (entry['t'] === 'im') this.im(String(entry['user']));
      if (entry['t'] === 'join') {
        const channel = this.channels.get(String(entry['channel']));
        if (channel) channel.appIsMember = true;
      }
      if (entry['t'] === 'home') {
        const view = entry['view'] as unknown as SandboxView;
        this.homes.set(view.user, view);
      }
      if (entry['t'] === 'message') this.restoreMessage(entry['message'] as unknown as SandboxMessage);
      if (entry['t'] === 'delete') {
        const channel = String(entry['channel']);
        const kept = (this.messages.get(channel) ?? []).filter((message) => message.ts !== entry['ts']);
        this.messages.set(channel, kept);
      }
    }
    this.journal.rewrite(this.snapshot());
  }

  private restoreMessage(message: SandboxMessage): void {
    this.timestamps.seen(message.ts);
    const list = this.messages.get(message.channel);
    if (!list) return;
    const index = list.findIndex((entry) => entry.ts === message.ts);
    if (index >= 0) list[index] = message;
    else list.push(message);
  }

  private snapshot(): JsonObject[] {
    const entries: JsonObject[] = [];
    for (const channel of this.channels.values()) {
      if (channel.isIm) entries.push({ t: 'im', user: channel.imUser ?? '' });
      else if (channel.appIsMember) entries.push({ t: 'join', channel: channel.id });
    }
    for (const view of this.homes.values()) entries.push({ t: 'home', view: toJson(view) });
    for (const list of this.messages.values()) {
      for (const message of list) entries.push({ t: 'message', message: toJson(message) });
    }
    return entries;
  }
}

function toJson(value: SandboxMessage | SandboxView): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/** The same id for the same name at every start, so that ids noted elsewhere stay right. */
function stableId(prefix: string, name: string): string {
  return prefix + createHash('sha256').update(name).digest('hex').slice(0, 9).toUpperCase();
}

/** A new view's id. */
export const newViewId = (): string => newId('V');
