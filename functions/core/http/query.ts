import type { APIGatewayProxyEvent } from "aws-lambda";

/**
 * The query to send to a cluster, without the leading `?`; empty when there is none.
 *
 * A REST API hands over decoded parameters: `+` and `%20` are both a space, `%2B` is a plus, `a` and `a=` are
 * both the empty string, and the order between different names is gone (within one name it is kept).
 * Elasticsearch and OpenSearch decode the same way into a map whose last value wins, so what is rebuilt here
 * means the same to them. The one exception is a bare `;`, which they read as `&`: API Gateway reads it as
 * part of the value, and so does this function.
 */
export function queryFrom(event: Pick<APIGatewayProxyEvent, "multiValueQueryStringParameters">): string {
  const pieces: string[] = [];
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    for (const value of values ?? []) {
      pieces.push(value === "" ? encode(name) : `${encode(name)}=${encode(value)}`);
    }
  }
  return pieces.join("&");
}

/** Leaves legal what a query may hold as it is: a long list with `,` must not outgrow the cluster's 4 KB line. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/%(?:2C|2F|3A|40)/g, decodeURIComponent);
}
