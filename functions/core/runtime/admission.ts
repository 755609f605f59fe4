import type { APIGatewayProxyEvent } from "aws-lambda";
import { type Access, type Admission, admit, unauthorized } from "../http/admit.ts";
import type { GatewayRequest } from "../http/request.ts";
import type { HeldSecret } from "../secret/held-secret.ts";
import type { Login } from "../secret/login.ts";
import type { Config } from "./config.ts";

/** Whether the caller of a function may go on. */
export type Admit = (event: APIGatewayProxyEvent, request: GatewayRequest) => Promise<Admission>;

/**
 * The admission that the configuration asks for. In the mode `iam` API Gateway has authenticated the caller, and its
 * event says whom; a caller whom it does not name is a stranger. A client secret in Secrets Manager is read again
 * when it refuses somebody who brought credentials: it may have been rotated.
 */
export function createAdmission(
  { authMode, client }: Pick<Config, "authMode" | "client">,
  secret: HeldSecret<Login> | undefined,
): Admit {
  return async (event, request) => {
    if (authMode === "iam") return admittedByIam(event, request);
    if (authMode !== "basic" || secret === undefined) {
      return admit(request, { authMode, client: client?.kind === "login" ? client.login : undefined });
    }
    const access = async (): Promise<Access> => ({ authMode, client: await secret.get() });
    const first = await access();
    const admission = admit(request, first);
    const tellsCredentials = request.headers["authorization"] !== undefined;
    if (admission.kind === "admitted" || !tellsCredentials || first.client === undefined) return admission;
    return (await secret.renew(first.client)) ? admit(request, await access()) : admission;
  };
}

function admittedByIam(event: APIGatewayProxyEvent, request: GatewayRequest): Admission {
  if (!event.requestContext.identity.userArn) return unauthorized("API Gateway names no IAM identity");
  // The signature was for API Gateway; the clusters get the service's credentials.
  const { authorization: _, ...headers } = request.headers;
  return admit({ ...request, headers }, { authMode: "none", client: undefined });
}
