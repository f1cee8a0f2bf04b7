import { codeOf } from '#kernel';

/** The code of what the action throws; a text that is no code when it throws nothing. */
export function codeThrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
}
