import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';

/** A node that a scan found. */
export interface FoundNode {
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

/** Its address, and below it who lives there. */
export function nodeLines({ url, agents }: FoundNode): readonly string[] {
  return [visible(url), ...agents.map((agent) => `  ${agentLine(agent)}`)];
}

function agentLine({ name, displayName, fingerprint, contact, own }: FoundAgent): string {
  const title = displayName === undefined ? visible(name) : `${visible(name)} (${visible(displayName)})`;
  // Nobody is trusted for having been found.
  const known = contact === undefined ? '  discovered, not trusted' : `  ${visible(contact.petname)}, ${contact.state}`;
  return `${title}  ${visible(fingerprint)}${own === true ? '  lives on this node' : known}`;
}

const isStranger = ({ contact, own }: FoundAgent): boolean => contact === undefined && own !== true;
const strangerName = ({ agents }: FoundNode): string => agents.find(isStranger)?.name ?? '';

/** To whom trust could be offered; undefined when all are known. */
export function nextAfterScan(found: readonly FoundNode[]): string | undefined {
  const stranger = found.find(({ agents }) => agents.some(isStranger));
  if (stranger === undefined) return undefined;
  const which = stranger.agents.length > 1 ? ` --to ${shellWord(visible(strangerName(stranger)))}` : '';
  return `Ask for trust: mesh request ${shellWord(visible(stranger.url))}${which}`;
}
