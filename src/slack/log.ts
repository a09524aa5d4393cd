import { LogLevel, type Logger } from '@slack/bolt';

/** Structured logging, as everywhere in the engine. */
export interface SlackLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The SDK's log, without its debug lines: they hold whole payloads. */
export function sdkLogger(log: SlackLog): Logger {
  const write =
    (level: keyof SlackLog) =>
    (...parts: unknown[]): void => {
      log[level](
        { part: 'slack-sdk' },
        parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' '),
      );
    };
  return {
    debug: () => undefined,
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
