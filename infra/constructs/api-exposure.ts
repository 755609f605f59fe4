import { EndpointType, type RestApiProps, SecurityPolicy } from "aws-cdk-lib/aws-apigateway";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { InterfaceVpcEndpoint } from "aws-cdk-lib/aws-ec2";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { GatewaySettings } from "../settings.ts";

/** From where the API can be reached, and by which name: the internet, or the named VPC endpoints only. */
export function apiExposure(
  scope: Construct,
  { apiVpcEndpointIds, domain }: GatewaySettings,
): Pick<RestApiProps, "endpointConfiguration" | "policy" | "domainName"> {
  const isPrivate = apiVpcEndpointIds.length > 0;
  const certificate = domain && Certificate.fromCertificateArn(scope, "Certificate", domain.certificateArn);
  return {
    endpointConfiguration: {
      types: [isPrivate ? EndpointType.PRIVATE : EndpointType.REGIONAL],
      ...(isPrivate && {
        vpcEndpoints: apiVpcEndpointIds.map((vpcEndpointId) =>
          InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(scope, vpcEndpointId, {
            vpcEndpointId,
            port: 443,
          }),
        ),
      }),
    },
    ...(isPrivate && { policy: onlyThrough(apiVpcEndpointIds) }),
    ...(domain &&
      certificate && {
        domainName: {
          domainName: domain.name,
          certificate,
          endpointType: EndpointType.REGIONAL,
          securityPolicy: SecurityPolicy.TLS_1_2,
        },
      }),
  };
}

/** A private API answers nobody without a policy; this one leaves the rest to AUTH_MODE. */
function onlyThrough(vpcEndpointIds: readonly string[]): PolicyDocument {
  const invoke = {
    actions: ["execute-api:Invoke"],
    resources: ["execute-api:/*"],
    principals: [new AnyPrincipal()],
  };
  const through = { "aws:SourceVpce": [...vpcEndpointIds] };
  return new PolicyDocument({
    statements: [
      new PolicyStatement({ ...invoke, effect: Effect.ALLOW }),
      new PolicyStatement({ ...invoke, effect: Effect.DENY, conditions: { StringNotEquals: through } }),
    ],
  });
}
