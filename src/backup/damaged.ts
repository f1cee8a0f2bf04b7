import { MeshError } from '#kernel';

export const damaged = (what: string, cause?: unknown): MeshError =>
  new MeshError(
    'BACKUP_DAMAGED',
    `This is not a whole and unchanged backup: ${what}`,
    cause === undefined ? {} : { cause },
  );
