import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { lazily } from "./lazily.ts";

/** The AWS SDK's clients: real ones on AWS, over the embedded engines on the local host. */
export interface AwsClients {
  readonly sqs: SQSClient;
  readonly s3: S3Client;
}

let given: AwsClients | undefined;

/** The local host gives the functions its clients before their first request. */
export function useAwsClients(clients: AwsClients): void {
  given = clients;
}

const own = lazily((): AwsClients => ({ sqs: new SQSClient({}), s3: new S3Client({}) }));

/** This process's clients. */
export function awsClients(): AwsClients {
  return given ?? own();
}
