import type { Limits } from '#kernel';
import { parseLanText } from '#protocol';
import { isLocalAddress, isLoopback, isUsableInUrl } from './local-address.ts';

/** What somebody on the local network said about a node: anything at all, until `lanUrls` has judged it. */
export interface LanAnswer {
  /** Of the service, as it was said. */
  readonly name: string;
  /** Where the packet came from. */
  readonly source: string;
  readonly port: number;
  /** That it says it can be reached at. */
  readonly addresses: readonly string[];
  /** The strings of its TXT record, one character for each byte. */
  readonly text: readonly string[];
}

/**
 * Where the node may be asked, the address first that the answer came from; spec §6.11. Nothing for an answer that did not come from the
 * local network, or is not that of a node.
 */
export function lanUrls(answer: LanAnswer, limits: Pick<Limits, 'maxLanAddresses'>): readonly string[] {
  const { source, port, addresses, text } = answer;
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || !isLocalAddress(source) || !isNode(text)) return [];
  // Nobody else can know what runs on this machine's own loopback.
  const isAllowed = (address: string): boolean =>
    isLocalAddress(address) && isUsableInUrl(address) && (isLoopback(source) || !isLoopback(address));
  const usable = [...new Set([source, ...addresses])].filter(isAllowed).slice(0, 1 + limits.maxLanAddresses);
  return usable.map((address) => `http://${address.includes(':') ? `[${address}]` : address}:${port}`);
}

function isNode(text: readonly string[]): boolean {
  try {
    parseLanText(text);
    return true;
  } catch {
    return false;
  }
}
