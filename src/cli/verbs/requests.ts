import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import type { RequestView } from '../views/types.ts';
import { requestLines } from '../views/contact-lines.ts';
import { exchangeNext, needsLook } from '../views/exchange-lines.ts';

/** Requests that wait: first those for this person to decide, then the own ones. */
export async function requests({ client, settings, signal }: Call): Promise<Outcome> {
  const { requests: all } = await client.requests({ agent: settings.agent }, { signal });
  const sorted = all.toSorted((a, b) => a.direction.localeCompare(b.direction) || a.at - b.at);
  const short = shortIds(all.map(({ id }) => id));
  const incoming = sorted.find(({ direction }) => direction === 'in');
  return {
    data: { requests: sorted },
    lines: (paint) =>
      sorted.length === 0
        ? ['No contact request waits.']
        : sorted.flatMap((request, index) => [...(index === 0 ? [] : ['']), ...requestLines(request, paint)]),
    next: [
      ...(incoming === undefined
        ? []
        : [
            `Compare the fingerprint with its owner, then: mesh approve ${short(incoming.id)}`,
            `Or turn it down: mesh reject ${short(incoming.id)}`,
          ]),
      ...nextForOwn(sorted),
    ],
  };
}

/** First what needs a person; requests that only take their time say so in their lines. */
function nextForOwn(all: readonly RequestView[]): NonNullable<Outcome['next']> {
  const own = all.filter(({ direction }) => direction === 'out');
  const troubled = own.find(needsLook) ?? own[0];
  return troubled === undefined ? [] : exchangeNext(troubled);
}
