/**
 * Letters of other alphabets that look like Latin ones, and forms that NFKC leaves alone. Only those that words of the rules can be written
 * with; pairs of look-alike and letter.
 */
const pairs =
  'аaвbсcеeһhіiјjкkмmоoрpѕsтtуyхxԁdɡgԛqԝwѵvӏlүyпnгrиu' +
  'αaβbεeηnιiκkνvοoρpτtυuχxγyωw' +
  'ɑaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzıiłløođdħh' +
  'օoսuհhցgոnսuքpզqԼl';

const signs = Array.from(pairs);

export const lookAlikes: ReadonlyMap<string, string> = new Map(
  signs.flatMap((sign, index): [string, string][] => (index % 2 === 0 ? [[sign, signs[index + 1] ?? sign]] : [])),
);

/** Digits and signs that stand for letters inside a word. */
export const leet: ReadonlyMap<string, string> = new Map([
  ['0', 'o'],
  ['1', 'i'],
  ['3', 'e'],
  ['4', 'a'],
  ['5', 's'],
  ['7', 't'],
  ['@', 'a'],
  ['$', 's'],
  ['!', 'i'],
]);
