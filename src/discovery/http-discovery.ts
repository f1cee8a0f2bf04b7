import { type Clock, codeOf, type ErrorCode, fromUtf8, MeshError } from '#kernel';
import { parseCard, type VerifiedCard, verifyCard } from '#identity';
import { type DiscoveryDocument, discoveryPath, parseDiscovery } from '#protocol';
import { parseBaseUrl } from './base-url.ts';
import { httpGet } from './http-get.ts';

const maxDocumentBytes = 64 * 1024;

export interface DiscoveryOptions {
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** What a node says about itself, each card verified. */
export interface DiscoveredNode extends Omit<DiscoveryDocument, 'agents'> {
  /** The base URL that was asked. */
  readonly url: string;
  readonly agents: readonly VerifiedCard[];
  /** Why cards were left out (CARD_EXPIRED, SIGNATURE_INVALID …). */
  readonly problems: readonly ErrorCode[];
}

/**
 * Asks the node at an address (`parseBaseUrl`) who lives there (spec 6.8). Throws INVALID_ARGUMENT, UNREACHABLE,
 * TIMEOUT; NOT_FOUND and MALFORMED for what is no node; the error of a card when none holds.
 */
export async function fetchDiscovery(baseUrl: string, options: DiscoveryOptions): Promise<DiscoveredNode> {
  const url = parseBaseUrl(baseUrl);
  const bytes = await httpGet(`${url}${discoveryPath}`, { ...options, maxBytes: maxDocumentBytes });
  const document = parseDiscovery(parseJson(bytes, url));
  const now = options.clock.now();
  const agents: VerifiedCard[] = [];
  const errors: unknown[] = [];
  for (const card of document.agents) {
    try {
      agents.push(verifyCard(card, { now }));
    } catch (error) {
      errors.push(error);
    }
  }
  if (agents.length === 0 && errors.length > 0) throw errors[0];
  return { ...document, url, agents, problems: errors.map(codeOf) };
}

/** The card of the node's first agent. Throws as `fetchDiscovery`, and what `verifyCard` throws. */
export async function fetchCard(baseUrl: string, options: DiscoveryOptions): Promise<VerifiedCard> {
  const url = parseBaseUrl(baseUrl);
  const bytes = await httpGet(`${url}/.well-known/agent-mesh.json`, { ...options, maxBytes: maxDocumentBytes });
  return verifyCard(parseCard(bytes), { now: options.clock.now() });
}

function parseJson(bytes: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(fromUtf8(bytes)) as unknown;
  } catch {
    // The parser's message quotes the text, which may be anything: it is not passed on.
    throw new MeshError('MALFORMED', `${url} answers with something else than JSON: no mesh node there`);
  }
}
