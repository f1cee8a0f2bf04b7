import type { Arm } from './trigger.ts';

/** What one life of a process is told before it begins. */
export interface Setup {
  readonly name: string;
  readonly peer: string;
  /** Of this side, for everything that the mesh does not know: ledger, journal, where it died. */
  readonly dir: string;
  readonly stateDir: string;
  readonly port: number;
  readonly endpoint: string;
  readonly seed: string;
  readonly arm?: Arm;
  readonly forget?: true;
  /** A fault that the checks must find. */
  readonly planted?: string;
  /** Begins to send at once. */
  readonly talks: boolean;
  /** The handler of the peer is slow. */
  readonly gentle: boolean;
}

/** What a living process is told, and answers with `{ done }`. */
export type Order =
  | { readonly order: 'arm'; readonly arm?: Arm }
  | { readonly order: 'talk' }
  | { readonly order: 'hush' };

const variable = 'MESH_CRASH_SETUP';

export const environmentOf = (setup: Setup): Readonly<Record<string, string>> => ({
  [variable]: JSON.stringify(setup),
});

export function readSetup(): Setup {
  return JSON.parse(process.env[variable] ?? '') as Setup;
}

/** Obeys until the parent is gone, and ends then. */
export function obey(act: (order: Order) => Promise<void> | void): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (order: Order) => {
    void (async () => {
      await act(order);
      process.send?.({ done: order.order });
    })();
  });
}
