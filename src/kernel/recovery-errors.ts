import { type ErrorRow, row } from './error-row.ts';

/** The part of the error table about backups and what follows from them. */
export const recoveryErrors = {
  BACKUP_DAMAGED: row(
    [400, 1, 'final'],
    'The file is not a whole and unchanged backup.',
    'Take another copy of the backup.',
  ),
  FILE_EXISTS: row(
    [409, 1, 'final'],
    'A file of that name exists already.',
    'Choose another name, or add --force to replace it.',
  ),
  FOLDER_NOT_EMPTY: row(
    [409, 1, 'final'],
    'The folder holds something already.',
    'Choose another folder with --state-dir DIR, or add --force: what is there is then set aside, not deleted.',
  ),
  SUPERSEDED: row(
    [409, 3, 'final'],
    'A later life of this agent took its place: it was restored from a backup elsewhere.',
    'See what happened and what to do with: mesh doctor',
  ),
} as const satisfies Record<string, ErrorRow>;
