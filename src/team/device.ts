import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshError, type Random } from '#kernel';
import { type DeviceKey, deviceKeyFrom, newDeviceKey } from '#runtime';
import { readKeyFile, writeKeyFile } from '#storage';

/**
 * The key by which gateways on other machines know this one, made when the first of them asks for it: their owners let it in once. One key
 * however many ask at the same time. Rejects with KEY_FILE_PERMISSIONS, KEY_FILE_UNREADABLE.
 */
export function deviceKeyIn(path: string, random: Random): () => Promise<DeviceKey> {
  let made: Promise<DeviceKey> | undefined;
  return () => {
    made ??= readOrMake(path, random);
    return made;
  };
}

async function readOrMake(path: string, random: Random): Promise<DeviceKey> {
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeKeyFile(path, newDeviceKey(random));
  }
  const pem = await readKeyFile(path);
  try {
    return deviceKeyFrom(pem);
  } catch {
    throw new MeshError('KEY_FILE_UNREADABLE', `The device key ${path} is damaged`, {
      hint: `Delete it: rm ${path}. A new one is made, which the owners of gateways let in again.`,
    });
  }
}
