// Runs every example to its end and compares what it prints with what it says that it prints.
import { exampleNames, runExample } from './run-example.ts';

let failed = 0;
for (const name of exampleNames()) {
  const { code, printed, promised, errors } = await runExample(name);
  const isRight = code === 0 && printed === promised && errors === '';
  if (!isRight) failed += 1;
  console.log(`${isRight ? 'ok    ' : 'FAILED'} examples/${name}`);
  console.log(`${printed}${errors}`.replaceAll(/^(?=.)/gm, '       '));
}
if (failed > 0) {
  console.error(`${failed} examples did not print what they say`);
  process.exitCode = 1;
}
