const leastIdCharacters = 13;
const agentIdCharacters = 'did:key:z6Mk'.length + 10;

/**
 * Shortens ids of the form `msg_<uuidv7>` to prefixes that differ from each other; at least the milliseconds of the id
 * stay, so that they can be pasted back.
 */
export function shortIds(ids: Iterable<string>): (id: string) => string {
  const all = [...new Set(ids)];
  const least = Math.max(0, ...all.map((id) => id.indexOf('_') + 1)) + leastIdCharacters;
  const longest = Math.max(0, ...all.map((id) => id.length));
  for (let length = least; length < longest; length += 1) {
    if (new Set(all.map((id) => id.slice(0, length))).size === all.length)
      return (id) => id.slice(0, length).replace(/-$/, '');
  }
  return (id) => id;
}

/** `did:key:z6Mk` and ten characters: 58 bits, a prefix that can be pasted back. */
export function shortAgentId(agentId: string): string {
  return agentId.slice(0, agentIdCharacters);
}
