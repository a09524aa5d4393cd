/**
 * The sessions of `countersign login`, one for each server, in the operating system's folder for settings, readable by their user only.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import type { Io } from './io.ts';

const loginSchema = z.strictObject({ token: z.string(), person: z.string(), expiresAt: z.iso.datetime() });
export type Login = z.infer<typeof loginSchema>;
const fileSchema = z.record(z.string(), loginSchema);

/** `%APPDATA%`, `~/Library/Application Support`, or `$XDG_CONFIG_HOME`, depending on the system. */
export function loginsFile({ env }: Pick<Io, 'env'>, platform: NodeJS.Platform = process.platform): string {
  const home = env['HOME'] || env['USERPROFILE'] || '.';
  return join(settingsFolder(env, home, platform), 'countersign', 'logins.json');
}

function settingsFolder(env: Io['env'], home: string, platform: NodeJS.Platform): string {
  if (platform === 'win32') return env['APPDATA'] || join(home, 'AppData', 'Roaming');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  return env['XDG_CONFIG_HOME'] || join(home, '.config');
}

function readAll(io: Pick<Io, 'env'>): Record<string, Login> {
  const file = loginsFile(io);
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return {};
    throw new CountersignError('configuration', `\`${file}\` cannot be read; remove it and log in again`, { cause });
  }
}

function writeAll(io: Pick<Io, 'env'>, logins: Record<string, Login>): void {
  const file = loginsFile(io);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(logins, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}

/** The session with a server, or null where there is no valid one. */
export function loginFor(io: Pick<Io, 'env' | 'now'>, url: string): Login | null {
  const login = readAll(io)[new URL(url).origin];
  return login === undefined || Date.parse(login.expiresAt) <= io.now() ? null : login;
}

export function keepLogin(io: Pick<Io, 'env'>, url: string, login: Login): void {
  writeAll(io, { ...readAll(io), [new URL(url).origin]: login });
}

export function forgetLogin(io: Pick<Io, 'env'>, url: string): void {
  const { [new URL(url).origin]: _gone, ...rest } = readAll(io);
  writeAll(io, rest);
}
