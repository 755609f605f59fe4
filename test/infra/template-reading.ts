import type { Template } from "aws-cdk-lib/assertions";

export interface TemplateResource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties have no type of their own
  readonly Properties: Record<string, any>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** The resources of one type, by logical id. */
export function resources(template: Template, type: string): Record<string, TemplateResource> {
  const found: Record<string, TemplateResource> = {};
  for (const [id, resource] of Object.entries(template.findResources(type))) {
    const { Properties = {}, ...rest } = resource;
    found[id] = { Type: type, ...rest, Properties };
  }
  return found;
}

/** The resource whose logical id begins so; exactly one must. */
export function only(template: Template, type: string, idPrefix = ""): TemplateResource {
  const found = Object.entries(resources(template, type)).filter(([id]) => id.startsWith(idPrefix));
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} of ${type} ${idPrefix}*`);
  return found[0][1];
}

/** A template's value as text: references as `<LogicalId>`, without the hash that the CDK appends. */
export function render(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const [[key, inner] = ["", undefined]] = Object.entries(value);
  if (key === "Ref") return `<${withoutHash(String(inner))}>`;
  if (key === "Fn::GetAtt" && Array.isArray(inner)) return `<${withoutHash(String(inner[0]))}>`;
  if (key === "Fn::Join" && Array.isArray(inner) && Array.isArray(inner[1])) {
    return inner[1].map(render).join(String(inner[0]));
  }
  if (key === "Fn::Select" && Array.isArray(inner)) return `${render(inner[1])}[${inner[0]}]`;
  if (key === "Fn::Split" && Array.isArray(inner)) return `(${render(inner[1])} at ${inner[0]})`;
  return JSON.stringify(value);
}

function withoutHash(id: string): string {
  return id.replace(/[0-9A-F]{8}$/, "");
}

/** Every statement of the policies attached to the role, one line each, in the template's order. */
export function rightsOf(template: Template, role: string): string[] {
  const lines: string[] = [];
  for (const policy of Object.values(resources(template, "AWS::IAM::Policy"))) {
    if (!policy.Properties.Roles.some((one: unknown) => render(one) === `<${role}>`)) continue;
    for (const statement of policy.Properties.PolicyDocument.Statement) {
      const actions = [statement.Action].flat().join(" ");
      const on = [statement.Resource].flat().map(render).sort().join(" ");
      const condition = statement.Condition === undefined ? "" : ` if ${JSON.stringify(statement.Condition)}`;
      lines.push(`${statement.Effect} ${actions} on ${on}${condition}`);
    }
  }
  return lines;
}

/** What the REST API does: `METHOD /path` -> the function's name, `+stream` where its answer is streamed. */
export function routes(template: Template): Map<string, string> {
  const parts = resources(template, "AWS::ApiGateway::Resource");
  const pathOf = (reference: Record<string, unknown>): string => {
    const part = typeof reference.Ref === "string" ? parts[reference.Ref] : undefined;
    return part === undefined ? "" : `${pathOf(part.Properties.ParentId)}/${part.Properties.PathPart}`;
  };
  const found = new Map<string, string>();
  for (const { Properties: method } of Object.values(resources(template, "AWS::ApiGateway::Method"))) {
    const uri = render(method.Integration.Uri);
    const name = /<(?:Write|Search)Path(Write|Search)>/.exec(uri)?.[1] ?? uri;
    const stream = uri.endsWith("/response-streaming-invocations") ? "+stream" : "";
    found.set(`${method.HttpMethod} ${pathOf(method.ResourceId) || "/"}`, `${name.toLowerCase()}${stream}`);
  }
  return found;
}

/** Logical ids of all functions begin with these. */
export const functionNames = [
  "WritePathWrite",
  "SearchPathSearch",
  "ReplayPathReplay",
  "ReconcileSweepReconcile",
  "RedrivePathRedrive",
];
