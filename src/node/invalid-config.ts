import { MeshError } from '#kernel';

export function invalidConfig(path: string, problem: string): MeshError {
  return new MeshError('INVALID_CONFIG', `${path}: ${problem}`, { data: { path } });
}
