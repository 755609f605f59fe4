/** The command cannot do or tell what it was asked; the message says what to do next. Exit code 2. */
export class CannotTell extends Error {
  override readonly name = "CannotTell";
}

/** `understudy`'s exit codes: as asked; done, and not all is well; could not tell. */
export type ExitCode = 0 | 1 | 2;
