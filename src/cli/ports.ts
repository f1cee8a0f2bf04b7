import type { Clock } from '#kernel';
import type { HubDoor } from './hub-door.ts';
import type { NodeDoor } from './node-door.ts';
import type { ConnectOptions, NodeConnection } from './connect.ts';

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 when it is none. */
  readonly columns: number;
}

export interface Input {
  readonly isTerminal: boolean;
  /** All of it, as UTF-8. */
  text(): Promise<string>;
  /** Asks on stderr and reads one line; empty at the end of the input. */
  line(question: string): Promise<string>;
  /** The same for a secret: what is typed is not shown. Only on a terminal. */
  secret(question: string): Promise<string>;
}

/** Everything outside that the command line touches; tests give their own. */
export interface CliPorts {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  offsetMinutes(at: number): number;
  connect(options: ConnectOptions): NodeConnection;
  /** The node itself, for what works without a running one. Loaded on first use: it is large. */
  nodeDoor(): Promise<NodeDoor>;
  /** A hub in this process, or what it left. Loaded on first use. */
  hubDoor(): Promise<HubDoor>;
}
