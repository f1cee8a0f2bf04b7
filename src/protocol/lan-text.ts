import { MeshError } from '#kernel';
import { discoveryPath } from './discovery.ts';

/** The service of DNS-SD by which nodes are found on the local network: `_agent-mesh._tcp` (spec §6.11). */
export const lanServiceType = 'agent-mesh';

/** What a node says about itself on the local network, beside its port: nothing that names anybody. */
export interface LanText {
  /** Versions of the link protocol. */
  readonly versions: readonly number[];
}

const maxTextBytes = 512;
const maxVersions = 16;

/** The keys of the TXT record with their values. */
export const encodeLanText = ({ versions }: LanText): Readonly<Record<string, string>> => ({
  v: versions.join(','),
  path: discoveryPath,
});

/**
 * Reads the strings of a TXT record, one character for each byte. Of a key that comes twice the first counts, keys that are not known
 * are left out (RFC 6763 §6.4). Throws MALFORMED.
 */
export function parseLanText(strings: readonly string[]): LanText {
  const bytes = strings.reduce((sum, { length }) => sum + length + 1, 0);
  if (bytes > maxTextBytes) throw wrong(`has ${bytes} bytes, more than ${maxTextBytes}`);
  const values = new Map<string, string>();
  for (const text of strings) {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
    if (!values.has(key.toLowerCase())) values.set(key.toLowerCase(), value);
  }
  // Another path would let whoever answers choose what is fetched from a third machine.
  if (values.get('path') !== discoveryPath) throw wrong(`must name the path ${discoveryPath}`);
  const versions = (values.get('v') ?? '').split(',');
  if (versions.length > maxVersions || !versions.every(isVersion)) {
    throw wrong(`must name at most ${maxVersions} versions in v`);
  }
  return { versions: versions.map(Number) };
}

const isVersion = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;

const wrong = (rule: string): MeshError => new MeshError('MALFORMED', `The TXT record of a mesh node ${rule}`);
