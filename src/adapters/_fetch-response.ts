/**
 * The response itself, or where its headers cannot be changed (`Response.redirect()`, a response passed on from
 * `fetch`) one with the same status, headers and body that they can be changed on.
 */
export function withOpenHeaders(response: Response): Response {
  if (hasOpenHeaders(response)) return response;
  // A status that allows no body refuses even an empty one.
  const body = [101, 103, 204, 205, 304].includes(response.status) ? null : response.body;
  return new Response(body, response);
}

function hasOpenHeaders({ headers }: Response): boolean {
  try {
    // Deleting what is not there changes nothing, and throws where nothing may be changed.
    headers.delete("x-keepsake-probe");
    return true;
  } catch {
    return false;
  }
}
