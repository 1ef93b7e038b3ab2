/**
 * Lets a page see what `proxy.ts` did to the session before it: of `NextResponse.next()`, and of a rewrite, Next.js takes
 * the cookies that this header names for cookies of the request, and tells no client of it.
 */
export function passCookiesOn(response: Response): Response {
  const { headers } = response;
  const cookies = headers.getSetCookie();
  if (cookies.length > 0 && PASSED_ON.some((name) => headers.has(name))) {
    headers.set("x-middleware-set-cookie", cookies.join(", "));
  }
  return response;
}

const PASSED_ON = ["x-middleware-next", "x-middleware-rewrite"];
