import type { Client } from '#api';
import type { Arguments } from './arguments.ts';
import type { Outcome } from './outcome.ts';
import type { CliPorts } from './ports.ts';
import type { Screen } from './screen.ts';
import type { Settings } from './settings.ts';

/** One call of a verb. */
export interface Call {
  readonly args: Arguments;
  readonly settings: Settings;
  readonly ports: CliPorts;
  readonly screen: Screen;
  /** The local API: of the running node, or read-only over its files. Connects at the first request. */
  readonly client: Client;
  readonly signal: AbortSignal;
}

/** Resolves with what to print at the end; undefined when everything was printed as it came. */
export type Verb = (call: Call) => Promise<Outcome | undefined>;
