import { MeshError } from '#kernel';

/** What this software speaks over a link, oldest first. */
export const supportedVersions: readonly number[] = [1, 2, 3];

/** The first version with blobs, and with messages that refer to them (spec §6.3). */
export const blobVersion = 2;

/** The first version with what is said to hubs (spec §12.2). */
export const hubVersion = 3;

/** The highest version that both sides speak (spec §6.3). Throws UNSUPPORTED_VERSION when there is none. */
export function negotiateVersion(ours: readonly number[], theirs: readonly number[]): number {
  const common = ours.filter((version) => theirs.includes(version));
  if (common.length > 0) return Math.max(...common);
  throw new MeshError(
    'UNSUPPORTED_VERSION',
    `No common link version: here ${ours.join(', ')}, there ${theirs.join(', ')}`,
  );
}
