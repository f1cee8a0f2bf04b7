/** What is read of a terminal for a secret: `node:tty`'s ReadStream. */
export interface SecretTerminal extends NodeJS.ReadableStream {
  setRawMode(mode: boolean): unknown;
}

const keys = {
  enter: '\r',
  newline: '\n',
  backspace: '\u007f',
  erase: '\b',
  interrupt: '\u0003',
  end: '\u0004',
  wipe: '\u0015',
};

/**
 * Reads one line that the terminal does not show. Ctrl-C becomes a signal again, as it is without raw mode. Rejects with the reason of
 * `signal`; resolves with what there is at the end of the input.
 */
export function readSecretLine(
  terminal: SecretTerminal,
  options: { readonly signal: AbortSignal; interrupt(): void },
): Promise<string> {
  const { signal, interrupt } = options;
  const typed: string[] = [];
  const done = Promise.withResolvers<string>();
  const take = (chunk: unknown): void => {
    for (const key of String(chunk)) {
      if (key === keys.enter || key === keys.newline || key === keys.end) return done.resolve(typed.join(''));
      if (key === keys.interrupt) interrupt();
      else if (key === keys.backspace || key === keys.erase) typed.pop();
      else if (key === keys.wipe) typed.length = 0;
      else if (key >= ' ') typed.push(key);
    }
  };
  const end = (): void => done.resolve(typed.join(''));
  const abort = (): void => done.reject(signal.reason);
  if (signal.aborted) abort();
  terminal.setEncoding('utf8');
  terminal.setRawMode(true);
  terminal.on('data', take);
  terminal.on('end', end);
  signal.addEventListener('abort', abort, { once: true });
  terminal.resume();
  return done.promise.finally(() => {
    terminal.removeListener('data', take);
    terminal.removeListener('end', end);
    signal.removeEventListener('abort', abort);
    terminal.setRawMode(false);
    terminal.pause();
  });
}
