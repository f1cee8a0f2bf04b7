import { errorTable, isErrorCode, MeshError } from '#kernel';
import type { Call } from './call.ts';
import { untilStateNames } from './table/verb-spec.ts';
import { stepLine, trackFacts } from './views/message-lines.ts';
import type { Step, Tracked } from './views/types.ts';

type Until = (typeof untilStateNames)[number];

export interface Followed {
  readonly message: Tracked;
  readonly exitCode: number;
}

/**
 * Prints the steps of a message that were, and then each as it comes, until nothing more is to come: the answer of a request, that another
 * message was seen, or an end without either. With --json one document a line.
 */
export async function followTrack(call: Call, id: string): Promise<Followed> {
  const { client, settings, screen } = call;
  const until = call.args.choice('until', untilStateNames);
  const end = new AbortController();
  const signal = AbortSignal.any([call.signal, end.signal]);
  const done = Promise.withResolvers<Followed>();
  const steps = new StepPrinter(call);
  let fullId = id;
  const look = async (): Promise<void> => {
    const message = await client.track({ agent: settings.agent, id }, { signal });
    fullId = message.id;
    steps.print(message);
    const exitCode = exitOf(message, until);
    if (exitCode !== undefined) done.resolve({ message, exitCode });
  };
  // It listens before it looks, so that no step is missed between the two.
  const listening = Promise.withResolvers<void>();
  const first = listening.promise.then(look);
  const follow = async (): Promise<never> => {
    for await (const { event } of client.events({ agent: settings.agent, signal, onOpen: listening.resolve })) {
      await first;
      if (event.type === 'missed' || (event.type === 'message.state' && event.ids.includes(fullId))) await look();
      if (event.type === 'node.stopping') screen.note('The node stops; waiting until it is back. Ctrl-C ends it.');
    }
    throw new MeshError('LINK_CLOSED', 'The node tells nothing more');
  };
  try {
    const followed = Promise.all([first, follow()]).then(([, never]) => never);
    return await Promise.race([done.promise, followed]);
  } finally {
    end.abort();
  }
}

/** Prints the facts of a message once, and each of its steps once. */
class StepPrinter {
  readonly #call: Call;
  readonly #known = new Set<string>();

  constructor(call: Call) {
    this.#call = call;
  }

  print(message: Tracked): void {
    const { screen, settings } = this.#call;
    const isFirst = this.#known.size === 0;
    const fresh = message.steps.filter((step) => this.#isNew(step));
    if (settings.json) {
      for (const step of fresh) screen.json({ id: message.id, ...step }, 'line');
      return;
    }
    const paint = screen.paint();
    const lines = fresh.map((step) => stepLine(step, paint));
    screen.lines(isFirst ? [...trackFacts(message, paint), '', ...lines] : lines);
  }

  #isNew({ state, at, attempt }: Step): boolean {
    const key = `${state} ${at} ${attempt ?? ''}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }
}

/** The exit code once nothing more is waited for; undefined before. */
function exitOf({ state, type, reason }: Tracked, until: Until | undefined): number | undefined {
  const goal = until ?? (type === 'request' ? 'answered' : 'seen');
  const reached = untilStateNames.findIndex((name) => name === state);
  if (reached >= untilStateNames.indexOf(goal)) return 0;
  switch (state) {
    case 'refused':
      return reason !== undefined && isErrorCode(reason) ? errorTable[reason].exit : errorTable.NOT_PERMITTED.exit;
    case 'expired':
    case 'dead':
      return errorTable.TIMEOUT.exit;
    case 'cancelled':
      return errorTable.CANCELLED.exit;
    default:
      return undefined;
  }
}
