import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { scanLan } from '../scan-lan.ts';
import { scanTargets } from '../scan-targets.ts';
import { type FoundNode, nextAfterScan, nodeLines } from '../views/scan-lines.ts';
import { count } from '../views/words.ts';

const defaultPort = 8787;
/** Each call of the API carries at most so many addresses, so that its body stays under 1 MB. */
const targetsPerCall = 4096;

const nobodyThere = { elsewhere: 'Check the addresses: mesh status shows them on the other machine' };

/** Looks for nodes; each is shown as soon as it answers. */
export async function scan(call: Call): Promise<Outcome> {
  if (call.args.flag('lan')) return scanLan(call);
  const { args, screen, settings } = call;
  const targets = scanTargets({
    urls: args.rest(0),
    template: args.text('template'),
    range: args.text('range'),
    port: args.number('port', [1, 65_535]) ?? defaultPort,
  });
  const found: FoundNode[] = [];
  const showProgress = (done: number): void =>
    screen.progress(
      `${done} of ${count(targets.length, 'address', 'addresses')}, ${count(found.length, 'node')} found`,
    );
  for (let from = 0; from < targets.length; from += targetsPerCall) {
    showProgress(from);
    await scanPart(call, targets.slice(from, from + targetsPerCall), {
      progress: (done) => showProgress(from + done),
      found: (node) => {
        found.push(node);
        if (!settings.json) screen.lines(nodeLines(node));
      },
    });
  }
  screen.progress('');
  return {
    data: { total: targets.length, found },
    lines: () => [`${count(found.length, 'node')} found at ${count(targets.length, 'address', 'addresses')}.`],
    next: found.length === 0 ? [nobodyThere] : [nextAfterScan(found)],
  };
}

interface ScanReport {
  progress(done: number): void;
  found(node: FoundNode): void;
}

async function scanPart(
  { args, client, settings, signal }: Call,
  targets: string[],
  report: ScanReport,
): Promise<void> {
  const timeoutMs = args.durationMs('timeout');
  for await (const line of client.scan({ agent: settings.agent, targets, timeoutMs }, { signal })) {
    if (line.type === 'progress') report.progress(line.done);
    if (line.type === 'found') report.found({ url: line.url, agents: line.agents });
  }
}
