import { entropyOf } from './entropy.ts';

/** A value that stands behind the name of a secret. */
export interface Assigned {
  readonly at: number;
  readonly length: number;
  readonly isPassword: boolean;
}

const names =
  'passw(?:or)?d|passphrase|passwort|contrase(?:n|ñ)a|mot de passe|senha|пароль|pwd|secret|api[_ -]?key|access[_ -]?key|auth[_ -]?key|' +
  'encryption[_ -]?key|signing[_ -]?key|private[_ -]?key|secret[_ -]?key|account[_ -]?key|token|credentials?|密码|密钥|口令|パスワード';
const assignment = new RegExp(
  `(${names})([A-Za-z0-9_-]{0,24})["']?[ \\t]{0,4}(?:[:=：]{1,2}>?|(?=["'])|\\b(?:is|ist|es|est|é)\\b|是|为|は)[ \\t]{0,4}["'\`]?([^\\s"'\`,;<>{}()[\\]，。；]{6,400})`,
  'gi',
);
const passwordName = /^(?:pass|pwd|contrase|mot|senha|пароль|密码|口令|パスワ)/i;
const placeholder =
  /^(?:x{3,}|\*{2,}|\.{3,}|-{3,}|_{3,}|[$%@#]|your|my[-_]|example|changeme|change[-_]me|placeholder|redacted|required|optional|null|none|undefined|true|false|todo|tbd|process\.|os\.|env[.:]|config\.|settings\.|secrets?\.|vault:|op:\/\/|file:|ref:|https?:\/\/|dummy|sample|test[-_]?(?:key|token|secret|password)?$)/i;

export function assignedSecrets(text: string): readonly Assigned[] {
  const found: Assigned[] = [];
  for (const match of text.matchAll(assignment)) {
    const [whole, name = '', , value = ''] = match;
    const isPassword = passwordName.test(name);
    if (placeholder.test(value) || !(isPassword ? isChosen(value) : isRandom(value))) continue;
    found.push({ at: match.index, length: whole.length, isPassword });
  }
  return found;
}

/** As people choose passwords: not a word alone, and no path or call. */
function isChosen(value: string): boolean {
  if (/^[a-zÀ-ɏа-я]+[.!?]?$/i.test(value) && !/[a-z][A-Z]|[A-Z]{2}[a-z]/.test(value)) return false;
  if (/^[0-9]{1,4}$/.test(value) || value.includes('/')) return false;
  return entropyOf(value) >= 2.2 && /[0-9!@#$%^&*?+~]/.test(value);
}

/** As machines make them. */
function isRandom(value: string): boolean {
  if (value.length < 14 || !/[0-9]/.test(value) || !/[a-z]/i.test(value)) return false;
  return !/^[a-z]+[a-z0-9]*(?:[._-][a-z]+){2,}$/.test(value) && entropyOf(value) >= 3;
}
