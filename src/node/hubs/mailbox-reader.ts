import { type Clock, codeOf, type Limits, type Logger } from '#kernel';
import type { AskAnswer, Link } from '#link';
import { decodeFrame, type Frame } from '#protocol';

type Fetched = AskAnswer<'fetch'>;
type Item = Fetched['items'][number];

export interface MailboxReaderOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Resolves when the frame is settled; rejects when it has to come again. Frames that may not overtake each other are put in line by it. */
  take(frame: Frame): Promise<void>;
}

/** A ping now and then costs a hub less than a question that is answered with nothing. */
const waitMs = 240_000;
/** What is behind them is judged by what they change. */
const changesTrust: ReadonlySet<Frame['kind']> = new Set(['request', 'accept', 'rotation']);

/**
 * Takes out of the mailbox at a hub what is in it, in order, as it comes: acknowledged when it is durable here, so that a crash costs
 * nothing but another look. Rejects with what ended it.
 */
export async function readMailbox(options: MailboxReaderOptions): Promise<never> {
  let fetching = fetch(options, undefined);
  for (;;) {
    const fetched = await fetching;
    const last = fetched.items.at(-1);
    const { epoch } = fetched;
    // What follows is on its way while this is stored.
    const next = fetch(options, { epoch, after: last?.cursor ?? fetched.after });
    next.catch(() => undefined);
    const settled = await takeAll(options, fetched.items);
    if (settled !== undefined) options.link.ack({ epoch, upTo: settled.cursor });
    fetching = settled === last ? next : again(options, fetched, settled);
  }
}

interface Place {
  readonly epoch: Uint8Array;
  readonly after: number;
}

function fetch({ link, limits, signal }: MailboxReaderOptions, place: Place | undefined): Promise<Fetched> {
  const from = place === undefined ? { after: 0 } : { epoch: place.epoch, after: place.after };
  const most = { frames: limits.mailFetchFrames, bytes: limits.mailFetchBytes, waitMs };
  return link.ask({ op: 'fetch', ...from, ...most }, { signal });
}

/** The last of those that are settled, with all before it. */
async function takeAll(options: MailboxReaderOptions, items: readonly Item[]): Promise<Item | undefined> {
  const taking: Promise<boolean>[] = [];
  for (const item of items) {
    const frame = frameIn(options, item);
    const taken = frame === undefined ? Promise.resolve(true) : isTaken(options, frame);
    taking.push(taken);
    if (frame !== undefined && changesTrust.has(frame.kind)) await taken;
  }
  const results = await Promise.all(taking);
  const failed = results.indexOf(false);
  return failed === -1 ? items.at(-1) : items[failed - 1];
}

async function isTaken({ take, logger }: MailboxReaderOptions, frame: Frame): Promise<boolean> {
  try {
    await take(frame);
    return true;
  } catch (error) {
    logger.warn('mail.not-taken', { frame: frame.id, code: codeOf(error) });
    return false;
  }
}

/** Whoever could put it there put nonsense there: nobody waits for an answer to that. */
function frameIn({ limits, logger }: MailboxReaderOptions, item: Item): Frame | undefined {
  try {
    return decodeFrame(item.frame, limits);
  } catch (error) {
    logger.warn('mail.malformed', { cursor: item.cursor, code: codeOf(error) });
    return undefined;
  }
}

/** Something could not be stored: from there on once more, a moment later. */
async function again(options: MailboxReaderOptions, fetched: Fetched, settled: Item | undefined): Promise<Fetched> {
  const { clock, limits, signal } = options;
  await clock.sleep(limits.storeRetryMs, { signal });
  return fetch(options, { epoch: fetched.epoch, after: settled?.cursor ?? fetched.after });
}
