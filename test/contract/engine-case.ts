/** One row of the contract table: what SQS or S3 does, on whatever answers for it. */
export interface EngineCase<Subject> {
  /** Unique in the table. */
  readonly name: string;
  /** What AWS documents, and on which page; for each case that some emulator is known to answer otherwise. */
  readonly documented?: string;
  run(subject: Subject): Promise<void>;
}
