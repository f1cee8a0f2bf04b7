import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MeshError } from '#kernel';

/** No file of a team comes near it. */
export const maxTeamFileBytes = 1024 * 1024;

/** The text of a file; undefined when there is none. Throws TEAM_FILE_INVALID for what is no file, or too large, or may not be read. */
export async function readText(path: string): Promise<string | undefined> {
  // A pipe without a writer would be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw new MeshError('TEAM_FILE_INVALID', `${path} cannot be read`, { hint: `See who may: ls -l ${path}` });
  });
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new MeshError('TEAM_FILE_INVALID', `${path} is not a file`);
    if (facts.size > maxTeamFileBytes) throw tooLarge(path, facts.size);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

const tooLarge = (path: string, size: number): MeshError =>
  new MeshError('TEAM_FILE_INVALID', `${path} has ${size} bytes, more than the ${maxTeamFileBytes} that are read`);

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
