import type { Reader } from "./settings-reader.ts";

/** Where the functions run, when the clusters are inside a VPC. */
export interface NetworkSettings {
  readonly vpcId: string;
  readonly availabilityZones: readonly string[];
  /** Private subnets, one for each availability zone, in the same order. */
  readonly subnetIds: readonly string[];
  /** Whether the stack makes the VPC endpoints that the functions need where there is no way to the internet. */
  readonly endpoints: boolean;
  /** Of the subnets; the endpoint for S3 is a route. */
  readonly routeTableIds: readonly string[];
}

/** Reads `VPC_…`; `undefined` where the functions run outside of any VPC. */
export function readNetwork(reader: Reader): NetworkSettings | undefined {
  const vpcId = reader.pattern("VPC_ID", /^vpc-[0-9a-f]+$/, "the id of a VPC");
  const availabilityZones = reader.list("VPC_AVAILABILITY_ZONES", /^[a-z0-9-]+$/, "availability zones");
  const subnetIds = reader.list("VPC_SUBNET_IDS", /^subnet-[0-9a-f]+$/, "ids of subnets");
  const routeTableIds = reader.list("VPC_ROUTE_TABLE_IDS", /^rtb-[0-9a-f]+$/, "ids of route tables");
  const endpoints = reader.flag("VPC_ENDPOINTS", false);
  if (vpcId === undefined) {
    for (const name of ["VPC_AVAILABILITY_ZONES", "VPC_SUBNET_IDS", "VPC_ROUTE_TABLE_IDS", "VPC_ENDPOINTS"]) {
      if (reader.text(name) !== undefined) reader.problem(name, "needs VPC_ID as well; set it");
    }
    return undefined;
  }
  if (subnetIds.length === 0 || subnetIds.length !== availabilityZones.length) {
    reader.problem(
      "VPC_SUBNET_IDS",
      "and VPC_AVAILABILITY_ZONES must name as many subnets as zones, at least one",
    );
  }
  if (endpoints && routeTableIds.length === 0) {
    reader.problem("VPC_ENDPOINTS", "needs VPC_ROUTE_TABLE_IDS as well (S3 is reached by a route); set it");
  }
  return { vpcId, availabilityZones, subnetIds, endpoints, routeTableIds };
}
