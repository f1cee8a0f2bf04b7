import pino from 'pino';
import type { LogFields, Logger } from '#kernel';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go: a file descriptor. */
  readonly fd: number;
}

/** JSON lines with `event` and plain fields. What is logged is ids, codes and counts: the callers have nothing else to give. */
export function createLogger(options: LogOptions): Logger {
  const destination = pino.destination({ fd: options.fd, sync: true });
  const form = {
    base: null,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    // The word, not a number: people read it too.
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = pino({ ...form, level: options.level }, destination);
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}): void =>
      log[level](fields, event);
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
