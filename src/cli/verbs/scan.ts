import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { scanTargets } from '../scan-targets.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { count } from '../views/words.ts';

const defaultPort = 8787;
/** Each call of the API carries at most so many addresses, so that its body stays under 1 MB. */
const targetsPerCall = 4096;

interface Found {
  readonly url: string;
  readonly agents: readonly FoundAgent[];
}

interface FoundAgent {
  readonly agentId: string;
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly fingerprint: string;
  readonly contact?: { readonly petname: string; readonly state: string } | undefined;
  readonly own?: true | undefined;
}

/** Looks for nodes; each is shown as soon as it answers. */
export async function scan(call: Call): Promise<Outcome> {
  const { args, screen, settings } = call;
  const targets = scanTargets({
    urls: args.rest(0),
    template: args.text('template'),
    range: args.text('range'),
    port: args.number('port', [1, 65_535]) ?? defaultPort,
  });
  const found: Found[] = [];
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
    next: [nextStep(found)],
  };
}

interface ScanReport {
  progress(done: number): void;
  found(node: Found): void;
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

function nodeLines({ url, agents }: Found): readonly string[] {
  return [visible(url), ...agents.map((agent) => `  ${agentLine(agent)}`)];
}

function agentLine({ name, displayName, fingerprint, contact, own }: FoundAgent): string {
  const title = displayName === undefined ? visible(name) : `${visible(name)} (${visible(displayName)})`;
  const known = contact === undefined ? '' : `  ${visible(contact.petname)}, ${contact.state}`;
  return `${title}  ${visible(fingerprint)}${own === true ? '  lives on this node' : known}`;
}

const isStranger = ({ contact, own }: FoundAgent): boolean => contact === undefined && own !== true;
const strangerName = ({ agents }: Found): string => agents.find(isStranger)?.name ?? '';

function nextStep(found: readonly Found[]): NonNullable<Outcome['next']>[number] {
  if (found.length === 0) return { elsewhere: 'Check the addresses: mesh status shows them on the other machine' };
  const stranger = found.find(({ agents }) => agents.some(isStranger));
  if (stranger === undefined) return undefined;
  const which = stranger.agents.length > 1 ? ` --to ${shellWord(visible(strangerName(stranger)))}` : '';
  return `Ask for trust: mesh request ${shellWord(visible(stranger.url))}${which}`;
}
