import type { Verb } from '../call.ts';
import type { VerbName } from '../verb-names.ts';

export type Group = 'Start' | 'Contacts' | 'Hubs and routes' | 'Messages' | 'Team' | 'Node' | 'Advanced';

/** A positional argument: `<to>`, `[text]`, `<urls...>` with what it is. */
export type ArgumentSpec = readonly [form: string, about: string];

export interface OptionSpec {
  /** As commander writes it: `--ttl <duration>`. */
  readonly flags: string;
  readonly about: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeat?: boolean;
  readonly hidden?: boolean;
}

export interface VerbBody {
  /** One line of at most 50 characters. */
  readonly summary: string;
  readonly args?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** Command lines shown at the end of its help. */
  readonly examples?: readonly string[];
  /** Loads the code of the verb, which is not needed to show help. */
  readonly load?: () => Promise<Verb>;
}

export interface SubverbSpec extends VerbBody {
  readonly name: string;
  /** Runs when the verb stands alone. */
  readonly isDefault?: boolean;
}

export interface VerbSpec extends VerbBody {
  readonly name: VerbName;
  readonly group: Group;
  readonly subverbs?: readonly SubverbSpec[];
}

// The words of the local API; a wrong one is refused before a node is asked.
export const tierNames = ['blocked', 'notify', 'bounded', 'trusted', 'owner'] as const;
export const typeNames = ['request', 'response', 'notification', 'alert', 'ack'] as const;
export const priorityNames = ['high', 'normal', 'low'] as const;
export const untilStateNames = ['stored', 'delivered', 'seen', 'answered'] as const;
export const boxNames = ['outbox', 'inbox'] as const;
export const outboxStateNames = [
  'review',
  'queued',
  'sent',
  'stored',
  'delivered',
  'seen',
  'answered',
  'refused',
  'expired',
  'dead',
  'cancelled',
] as const;
