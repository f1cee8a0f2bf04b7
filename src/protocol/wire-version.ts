import { MeshError } from '#kernel';
import { isMap } from './fields.ts';

/**
 * The version is looked at before any other key: other versions have other keys (spec §2.2). Throws UNSUPPORTED_VERSION
 * for another number, MALFORMED for anything else.
 */
export function checkVersion(value: unknown): void {
  const v = isMap(value) ? value['v'] : undefined;
  if (v === 1) return;
  if (Number.isSafeInteger(v)) throw new MeshError('UNSUPPORTED_VERSION', `This has version ${String(v)}, known is 1`);
  throw new MeshError('MALFORMED', 'This is not a map with a version');
}
