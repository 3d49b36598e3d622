// The command line: flags, help, questions to the person, exit codes. It assembles the real parts and hands them to run/.

export { inAscii, isUtf8 } from './characters.js';
export { buildProgram, runProgram } from './program.js';
export type { Terminal } from './terminal.js';
