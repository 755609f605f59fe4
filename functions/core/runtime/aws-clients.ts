import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SqsProtocol } from "../queue/sqs-protocol.ts";
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

/**
 * What a command passes through is worked out once: nothing is added to the clients later, and each of them speaks to
 * one host, in one region, for one account (calls of one kind share a context then).
 */
const shared = { cacheMiddleware: true };

// Without the MD5 that SQS answers with: it checks the SHA-256 of the request, which is signed.
const own = lazily(
  (): AwsClients => ({
    sqs: new SQSClient({ ...shared, protocol: SqsProtocol, md5: false }),
    s3: new S3Client(shared),
  }),
);

/** This process's clients. */
export function awsClients(): AwsClients {
  return given ?? own();
}
