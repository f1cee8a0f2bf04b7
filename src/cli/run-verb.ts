import { createClient } from '#api';
import { Arguments } from './arguments.ts';
import type { Verb } from './call.ts';
import type { Outcome } from './outcome.ts';
import type { CliPorts } from './ports.ts';
import { Screen } from './screen.ts';
import { pasteable, settingsOf, type GlobalFlags, type Settings } from './settings.ts';
import { visible } from './terminal-text.ts';

export interface VerbCall {
  readonly positionals: readonly unknown[];
  readonly flags: Readonly<Record<string, unknown>>;
  readonly globals: GlobalFlags;
}

/** Runs one verb against the ports and prints its outcome. Resolves with the exit code; throws what the verb throws. */
export async function runVerb(verb: Verb, call: VerbCall, ports: CliPorts): Promise<number> {
  const settings = settingsOf(call.globals, ports.environment);
  const screen = new Screen(ports, settings);
  const connection = ports.connect({ settings, note: (text) => screen.note(text) });
  try {
    const outcome = await verb({
      args: new Arguments(call.positionals, call.flags),
      settings,
      ports,
      screen,
      client: createClient(connection.transport),
      signal: ports.signal,
    });
    if (outcome !== undefined) print(outcome, screen, settings);
    return outcome?.exitCode ?? 0;
  } finally {
    screen.progress('');
    await connection.close();
  }
}

function print(outcome: Outcome, screen: Screen, settings: Settings): void {
  if (settings.json) {
    // What came line by line is printed already.
    if (outcome.data !== undefined) screen.json(outcome.data);
    return;
  }
  const paint = screen.paint();
  const { passphraseFile: _passphraseFile, ...withoutPassphrase } = settings;
  const inUse = outcome.isOtherPassphrase === true ? withoutPassphrase : settings;
  const next = (outcome.next ?? [])
    .filter((line) => line !== undefined)
    .map((line) => visible(typeof line === 'string' ? pasteable(line, inUse) : line.elsewhere));
  const lines = outcome.lines(paint);
  const gap = lines.length > 0 && next.length > 0 ? [''] : [];
  screen.lines([...lines, ...gap, ...next.map((line) => paint.colour('cyan', '→ ') + line)]);
}
