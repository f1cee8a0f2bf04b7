import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { fields } from '../table.ts';
import { tierNames } from '../table/verb-spec.ts';
import { visible } from '../terminal-text.ts';
import { when } from '../times.ts';

/** One string that makes whoever joins with it a peer; on a terminal also as a QR code. */
export async function invite({ args, client, settings, ports, signal }: Call): Promise<Outcome> {
  const made = await client.invite(
    { agent: settings.agent, expiresInMs: args.durationMs('expires'), tier: args.choice('tier', tierNames) },
    { signal },
  );
  const code = ports.stdout.isTerminal && !settings.json ? await qrCode(made.invite, ports.stdout.columns) : [];
  return {
    data: made,
    lines: (paint) => [
      ...code,
      made.invite,
      '',
      ...fields(
        [
          ['valid once', `until ${when(made.expiresAt, paint)}`],
          ['leads to', made.routes.map(visible).join('\n')],
          ['fingerprint', made.fingerprint],
        ],
        paint,
      ),
    ],
    next: [
      { elsewhere: 'Give the string to the other person, who runs: mesh join STRING' },
      made.routes.every(isLocal)
        ? 'It works on this machine only. For others: mesh down, then mesh up --detach --endpoint URL'
        : undefined,
    ],
  };
}

/** Half blocks, two rows a line; nothing when the terminal is too narrow for it to be read. */
async function qrCode(text: string, columns: number): Promise<readonly string[]> {
  const { renderUnicodeCompact } = await import('uqr');
  const lines = renderUnicodeCompact(text, { ecc: 'L', border: 2 }).split('\n');
  return lines.every((line) => line.length <= columns) ? [...lines, ''] : [];
}

const isLocal = (route: string): boolean => /\/\/(localhost|127\.|\[::1\])/.test(route);
