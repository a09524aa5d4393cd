/** The request of `request` and `evaluate`, from a file and from options. */
import type { Command } from 'commander';
import type { JsonObject } from '../contract/index.ts';
import type { ConnectOptions } from './connect.ts';
import type { Io } from './io.ts';
import { collectValues, parsePairs, readJsonObject, usage } from './values.ts';

export interface RequestBodyOptions extends ConnectOptions {
  file?: string;
  surface?: string;
  action?: string;
  actor?: string;
  actorType?: string;
  role?: string[];
  group?: string[];
  onBehalfOf?: string;
  param?: string[];
  params?: string;
  resource?: string[];
  context?: string[];
  content?: string;
  connector?: string;
  callback?: string;
  /** The defaults for values that neither the file nor an option gives. */
  defaults?: { action: string; actor: string };
}

/** Adds the options that describe the request. */
export function withRequestBody(command: Command): Command {
  return withRequestParts(
    command.option('--file <json>', 'the whole request as JSON, or - for standard input; the options below add to it'),
  );
}

/** Adds the options of {@link withRequestBody} for each part of a request. */
export function withRequestParts(command: Command): Command {
  return command
    .option('--surface <surface>', 'where it happens, such as payments.refund')
    .option('--action <verb>', 'what is to be done, such as refund.create')
    .option('--actor <id>', 'who asks, such as agent:support-bot')
    .option('--actor-type <type>', 'user, service or agent (default: what the id starts with)')
    .option('--role <role>', 'a role of the actor (repeatable)', collectValues)
    .option('--group <group>', 'a group of the actor (repeatable)', collectValues)
    .option('--on-behalf-of <id>', 'whom the actor acts for, such as user:jo@acme.test')
    .option('--param <key=value>', 'a parameter; the value is JSON, else text (repeatable)', collectValues)
    .option('--params <json>', 'a JSON object of parameters from a file, or - for standard input')
    .option(
      '--resource <key=value>',
      'what it happens to: type=order, id=ord_991, version=… (repeatable)',
      collectValues,
    )
    .option('--context <key=value>', 'environment=production, urgency=emergency, … (repeatable)', collectValues)
    .option('--content <json>', 'sensitive content from a file, or -; only its commitment is ever recorded')
    .option('--connector <name>', 'let the engine execute it through this connector')
    .option('--callback <url>', 'a URL told of every change');
}

const TEXT_OF_RESOURCE = ['type', 'id', 'version'];
const TEXT_OF_CONTEXT = ['folder', 'environment', 'urgency', 'reason', 'jurisdiction', 'matter'];

/** The request body from a file and from options; options win over the file. The server checks whether the request is valid. */
export async function buildRequest(io: Io, options: RequestBodyOptions): Promise<JsonObject> {
  const fromInput = [options.file, options.params, options.content].filter((file) => file === '-');
  if (fromInput.length > 1)
    throw usage('standard input can be read once only; give `-` to one option and a file to the others');
  const body: JsonObject = options.file === undefined ? {} : await readJsonObject(io, options.file);
  const merge = (field: string, more: JsonObject): void => {
    if (Object.keys(more).length > 0) body[field] = { ...(body[field] as JsonObject | undefined), ...more };
  };
  if (options.surface !== undefined) body['surface'] = options.surface;
  if (options.action !== undefined) body['action'] = options.action;
  if (options.actor !== undefined) body['actor'] = actorOf(options.actor, options);
  // A person who acts in their own name need not name the actor.
  else if (options.as !== undefined && body['actor'] === undefined) body['actor'] = actorOf(options.as, options);
  if (options.params !== undefined) merge('params', await readJsonObject(io, options.params));
  merge('params', parsePairs('--param', options.param ?? []));
  merge('resource', parsePairs('--resource', options.resource ?? [], TEXT_OF_RESOURCE));
  merge('context', parsePairs('--context', options.context ?? [], TEXT_OF_CONTEXT));
  if (options.content !== undefined) body['content'] = await readJsonObject(io, options.content);
  if (options.connector !== undefined) body['execution'] = { connector: options.connector };
  if (options.callback !== undefined) body['callback'] = options.callback;
  const { defaults } = options;
  if (defaults !== undefined) {
    body['action'] ??= defaults.action;
    body['actor'] ??= actorOf(defaults.actor, options);
  }
  for (const [field, option] of [
    ['surface', '--surface'],
    ['action', '--action'],
    ['actor', '--actor'],
  ] as const) {
    if (body[field] === undefined)
      throw usage(`the request has no \`${field}\`; add \`${option}\`, or give the whole request with \`--file\``);
  }
  return body;
}

function actorOf(id: string, options: RequestBodyOptions): JsonObject {
  return {
    id,
    type: options.actorType ?? typeOf('--actor', id),
    ...(options.role === undefined ? {} : { roles: options.role }),
    ...(options.group === undefined ? {} : { groups: options.group }),
    ...(options.onBehalfOf === undefined
      ? {}
      : { onBehalfOf: { id: options.onBehalfOf, type: typeOf('--on-behalf-of', options.onBehalfOf) } }),
  };
}

function typeOf(option: string, id: string): string {
  const type = /^(user|service|agent):/.exec(id)?.[1];
  if (type !== undefined) return type;
  const hint = option === '--actor' ? 'add `--actor-type`' : 'start it with `user:`, `service:` or `agent:`';
  throw usage(`\`${option} ${id}\` does not say whether it is a user, a service or an agent; ${hint}`);
}
