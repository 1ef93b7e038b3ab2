import { NextResponse } from "next/server";
import { route } from "./session";

/** A page can only read the session. What belongs to every visit is done before it is rendered. */
export const proxy = route((_request, session) => {
  session.modify("visits", (visits = 0) => visits + 1);
  return NextResponse.next();
});

export const config = { matcher: "/" };
