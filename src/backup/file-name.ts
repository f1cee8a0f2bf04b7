const segment = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const maxSegments = 8;

/** A path below the state folder, as a backup may name it: it leads nowhere else, on any system (spec 9.3). */
export function isBackupName(name: unknown): name is string {
  if (typeof name !== 'string') return false;
  const segments = name.split('/');
  return segments.length <= maxSegments && segments.every((part) => segment.test(part) && !part.endsWith('.'));
}
